"""What people judge: cases, the desk, verdicts and what they do."""
