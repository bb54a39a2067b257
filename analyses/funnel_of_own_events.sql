-- A funnel of your own: visitors who took these events in this order, over all of their sessions, at the most 30 days
-- after the first. Change the names, or run it from the command line, see docs/journey.md.
{{ funnel_of(['view', 'add_to_cart', 'checkout', 'payment', 'purchase'], within_days=30) }}
