"""Days that come from elsewhere and go there: import, export, restore, static files."""
