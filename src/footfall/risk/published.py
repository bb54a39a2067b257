"""What the published method of scoring payments knows, and from how much it learns."""

#: What the published method knows: amount, time, and windows of customer and terminal.
PUBLISHED = (
    "amount",
    "is_weekend",
    "shop_hour",
    "own_mean",
    "customer_attempts_1d",
    "customer_attempts_7d",
    "customer_attempts_30d",
    "terminal_closed_7d",
    "terminal_closed_30d",
    "terminal_fraud_share_1d",
    "terminal_fraud_share_7d",
    "terminal_fraud_share_30d",
)
#: Rows that baselines learn from, the newest: more takes minutes and moves little.
MOST_ROWS = 70_000
