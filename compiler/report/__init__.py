"""What a build says about itself: report.json."""
