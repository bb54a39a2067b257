"""What is done with data about people: who did it and when, without saying whose data it was."""
