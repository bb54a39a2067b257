-- A funnel of your own: visitors who took these events in this order, over all of their sessions, at the most 30 days
-- after the first. Change the names to follow another way.
{{ funnel_of(['view', 'add_to_cart', 'checkout', 'payment', 'purchase'], within_days=30) }}
