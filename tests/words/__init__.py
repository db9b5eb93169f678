"""What a man reads, and what the model learns from, against the rules of plain and safe words."""
