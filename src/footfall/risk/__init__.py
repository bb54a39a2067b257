"""The risk of attempts to pay: rings of customers who share what they pay with."""
