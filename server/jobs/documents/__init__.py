"""The text of a job, in the forms that it may have, and its division into parts."""
