"""What the person who runs it does: keys, erasure, retention, backup, restore, drill, verification."""
