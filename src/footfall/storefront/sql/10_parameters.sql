-- Constants of the simulated shop. `seed` and `customers` are set by the driver; the numbers that a
-- reader may want to know or a test may want to check are here, and are copied to truth_parameters.
-- Times are microseconds since 1970 (integers: sums of them do not depend
-- on the order of adding, so that any number of threads gives the same rows).

set variable day_us = 86400000000;
-- 2025-01-01 and 2026-07-01
set variable start_us = 1735689600000000;
set variable end_us = 1782864000000000;

-- Population
set variable visitors_per_customer = 2;
set variable customers_per_bot = 400;
set variable customers_per_item = 10;
set variable smallest_item_count = 60;
set variable largest_item_count = 20000;
set variable share_known_before_start = 0.42;
set variable fraud_every = 97;
set variable shared_device_every = 89;

-- Buying: rates are gamma distributed with shape 2 over customers, so are the drop-out rates
set variable mean_visits_per_day = 0.118;
set variable mean_dropout_per_day = 0.0036;
set variable conversion_log_odds = -2.2;
set variable conversion_spread = 0.5;
set variable fading_log_odds = -0.9;
set variable fading_days = 28;
set variable checkout_completion = 0.84;

-- Planted friction
set variable payment_error_probability = 0.34;
set variable payment_error_loss = 0.65;
set variable payment_error_innocent_probability = 0.05;
set variable slow_step_loss = 0.40;
set variable support_chat_probability = 0.12;

-- After the sale
set variable refund_probability = 0.06;
set variable fraud_refund_probability = 0.30;
set variable refund_abuse_probability = 0.75;
set variable review_probability = 0.13;
set variable support_probability = 0.05;
set variable survey_probability = 0.12;

-- Texts: from this time on (2026-04-01) patterns and words occur that did not before
set variable texts_change_us = 1775001600000000;
set variable share_of_chinese = 0.3;
set variable new_form_share = 0.4;
set variable new_word_share = 0.35;
set variable misspelt_share = 0.12;
set variable random_rating_share = 0.08;
set variable message_share = 0.8;
set variable personal_data_share = 0.12;
set variable survey_text_share = 0.45;
set variable refund_reason_share = 0.6;

-- A brand whose items are badly made from some day on: how much more is sent back, and how often a text is about the
-- quality and blames it
set variable fault_refund_probability = 0.14;
set variable fault_mention_probability = 0.85;
set variable fault_blame_probability = 0.92;

-- Risk: how many customers there are for one of each, and what banks do
set variable customers_per_theft = 130;
set variable customers_per_tester = 500;
set variable share_of_refund_abusers = 0.008;
set variable share_in_households = 0.28;
set variable share_in_flats = 0.07;
set variable foreign_card_share = 0.04;
set variable fraud_foreign_card_share = 0.40;
set variable fraud_chargeback_probability = 0.75;
set variable friendly_chargeback_probability = 0.004;

-- Collector
set variable late_session_share = 0.008;
set variable late_event_share = 0.006;
set variable duplicate_share = 0.008;
set variable malformed_share = 0.003;
