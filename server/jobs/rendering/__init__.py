"""The computing of a job: its parts, and the result that is made of them."""
