"""What people look at: boards, the report and the docs site."""
