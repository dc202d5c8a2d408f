"""What components report, as metrics: a module for each subject, with its report where the component has none."""
