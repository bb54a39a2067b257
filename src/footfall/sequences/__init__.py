"""Events and items as sorted columns."""
