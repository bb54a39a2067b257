"""The risk of attempts to pay: trees on closed labels, rules, and rings of customers."""
