"""What all recipes of the lab share: settings that describe themselves, a run's folder, its data, its figures."""
