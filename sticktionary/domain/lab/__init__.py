"""The lab: models trained on what was played, compared, brought into live search and taken back."""
