"""What a fine-tuned MiniLM-L6 says of film reviews, and of pieces of them."""
