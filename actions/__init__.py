"""What the dialogue does beyond saying a prepared sentence: one file per flow."""
