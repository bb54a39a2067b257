"""What customers of the simulated shop write: many patterns, two languages, true labels."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from conftest import Warehouse
from test_storefront import one, simulate

# What masking must take out of a text: the shop writes no other @ and no other plus.
PERSONAL = "'[a-z0-9]@|[+]49'"


@pytest.fixture(scope="module")
def shop() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = simulate(customers=1200)
    yield connection
    connection.close()


def shares(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, tuple[float, ...]]:
    return {name: tuple(row) for name, *row in connection.execute(query).fetchall()}


def test_there_are_thousands_of_patterns_and_some_come_late(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    """Patterns of one or two clauses alone; those of three are many times as many."""
    found = shares(
        shop,
        """
        with forms as (select * from truth_storefront.truth_text_forms),
        singles as (
            select language, template || form as pattern, templates.is_unseen or forms.is_unseen
                as is_unseen
            from truth_storefront.truth_text_templates as templates
            inner join forms using (language) where relation = 'one'
        ),
        pairs as (
            select firsts.language, template || firsts.form || ' | ' || seconds.form as pattern,
                templates.is_unseen or firsts.is_unseen or seconds.is_unseen as is_unseen
            from truth_storefront.truth_text_templates as templates
            inner join forms as firsts using (language)
            inner join forms as seconds using (language)
            where relation
                = ['unlike', 'any', 'like'][2 + (firsts.sign * seconds.sign)::integer]
        )
        select language, count(distinct pattern), avg(is_unseen::integer)
        from (select * from singles union all select * from pairs) group by language
        """,
    )
    assert set(found) == {"en", "zh"}
    for patterns, unseen in found.values():
        assert patterns > 2000
        assert 0.25 < unseen < 0.35
    (new_words,) = one(
        shop,
        """
        select count(distinct clause) filter (where is_unseen_word) / count(distinct clause)
        from truth_storefront.truth_text_aspects inner join truth_storefront.truth_texts
            using (text_id)
        where written_at >= timestamptz '2026-04-01 00:00:00+00'
        """,
    )
    assert 0.3 < new_words < 0.7


def test_new_patterns_and_words_come_after_the_change_alone(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    early, late, chinese, texts, patterns = one(
        shop,
        """
        select
            count(*) filter (
                where written_at < change and (is_unseen_pattern or has_unseen_words)
            ),
            avg((is_unseen_pattern or has_unseen_words)::integer)
                filter (where written_at >= change),
            avg((language = 'zh')::integer),
            count(*),
            count(distinct pattern)
        from truth_storefront.truth_texts,
            (select timestamptz '2026-04-01 00:00:00+00' as change)
        where kind = 'review'
        """,
    )
    assert early == 0
    assert 0.6 < late < 0.95
    assert 0.2 < chinese < 0.4
    assert patterns > 0.6 * texts


def test_negation_irony_contrast_and_slips_occur_in_both_languages(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    found = shares(
        shop,
        """
        select language,
            count(*) filter (where form_kind = 'negated' and truth.polarity = 'positive')
                / count(*),
            count(*) filter (where form_kind = 'negated' and truth.polarity = 'negative')
                / count(*),
            count(*) filter (where form_kind = 'ironic') / count(*),
            count(*) filter (where form_kind = 'rival') / count(*),
            count(*) filter (where truth.polarity = 'neutral') / count(*),
            count(*) filter (where truth.is_misspelt) / count(*),
            count(distinct text_id) filter (where is_mixed) / count(distinct text_id),
            bool_and(form_kind <> 'ironic' or truth.polarity = 'negative')::integer
        from truth_storefront.truth_text_aspects as truth
        inner join truth_storefront.truth_texts using (text_id)
        where kind = 'review' group by language
        """,
    )
    for praised, blamed, ironic, rival, neutral, misspelt, mixed, irony_blames in found.values():
        assert praised > 0.08
        assert blamed > 0.02
        assert 0.01 < ironic < 0.06
        assert rival > 0.05
        assert 0.04 < neutral < 0.13
        assert 0.01 < misspelt < 0.13
        assert 0.2 < mixed < 0.4
        assert irony_blames


def test_labels_agree_with_what_is_written(shop: duckdb.DuckDBPyConnection) -> None:
    lost, misplaced, unfilled = one(
        shop,
        """
        select
            count(*) filter (where reviews.body is null),
            count(*) filter (
                where lower(substr(reviews.body, span_start + 1, span_end - span_start))
                <> lower(clause)
            ),
            count(*) filter (where regexp_matches(reviews.body, '[{}]'))
        from truth_storefront.truth_text_aspects
        inner join truth_storefront.truth_texts using (text_id)
        left join raw_storefront.reviews as reviews on text_id = review_id
        where kind = 'review'
        """,
    )
    assert (lost, misplaced, unfilled) == (0, 0, 0)
    (contradictions,) = one(
        shop,
        """
        select count(*) from (
            select text_id, any_value(texts.polarity) as polarity, any_value(texts.topic) as topic,
                bool_or(aspects.polarity = 'positive') as has_praise,
                bool_or(aspects.polarity = 'negative') as has_blame,
                list(aspects.aspect) as aspects,
                count(*) > count(distinct aspects.aspect) as has_repeats
            from truth_storefront.truth_texts as texts
            inner join truth_storefront.truth_text_aspects as aspects using (text_id)
            where kind <> 'message' group by text_id
        )
        where has_repeats or not list_contains(aspects, topic) or polarity <> case
            when has_praise and has_blame then 'mixed' when has_praise then 'positive'
            when has_blame then 'negative' else 'neutral' end
        """,
    )
    assert contradictions == 0


def test_ratings_follow_the_text_and_the_item(shop: duckdb.DuckDBPyConnection) -> None:
    ratings = shares(
        shop,
        """
        select polarity, avg((rating >= 4)::integer), avg((rating <= 2)::integer), count(*)
        from raw_storefront.reviews
        inner join truth_storefront.truth_texts on review_id = text_id group by polarity
        """,
    )
    assert 0.88 < ratings["positive"][0] < 0.99
    assert 0.88 < ratings["negative"][1] < 0.99
    assert ratings["mixed"][0] < 0.3
    assert ratings["mixed"][1] < 0.4
    (by_item,) = one(
        shop,
        """
        select corr(log_odds, (polarity = 'positive')::integer)
        from truth_storefront.truth_text_aspects
        inner join raw_storefront.reviews on text_id = review_id
        inner join truth_storefront.truth_item_aspects using (item_id, aspect)
        where polarity <> 'neutral'
        """,
    )
    assert by_item > 0.15


def test_messages_say_why_they_are_written(shop: duckdb.DuckDBPyConnection) -> None:
    intents = shares(
        shop,
        """
        select intent, count(*), count(distinct language),
            sum((polarity = 'positive')::integer)::integer,
            sum((polarity in ('negative', 'mixed'))::integer)::integer, any_value(stage)
        from truth_storefront.truth_texts where kind = 'message' group by intent
        """,
    )
    assert set(intents) == {
        *("where_is_my_order", "return", "refund", "damaged", "wrong_item"),
        *("question", "complaint", "praise", "cancel", "payment"),
    }
    for intent in ("complaint", "damaged", "wrong_item", "payment"):
        assert intents[intent][3] == intents[intent][0]
    assert intents["praise"][2] == intents["praise"][0]
    assert {row[4] for row in intents.values()} == {"after_sales", "browse", "checkout", "purchase"}
    assert max(row[1] for row in intents.values()) == 2
    # The text travels with the event, in its own column, and copies carry it as well.
    unlike, personal, unmarked = one(
        shop,
        f"""
        with events as (select * from raw_storefront.events where message_text is not null)
        select
            count(*) filter (
                where truth.kind is distinct from case event_type
                    when 'support' then 'message' when 'refund' then 'refund_reason'
                    when 'survey' then 'survey' end
                or coalesce(contains(properties, left(message_text, 20)), false)
            ),
            count(*) filter (where regexp_matches(message_text, {PERSONAL})),
            count(*) filter (
                where regexp_matches(message_text, {PERSONAL}) <> truth.has_personal_data
            )
        from events left join truth_storefront.truth_texts as truth on event_id = text_id
        """,
    )
    assert (unlike, unmarked) == (0, 0)
    assert personal > 5


def test_surveys_open_no_session_and_answers_agree_with_texts(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    surveys, events, wrong, promoters, detractors = one(
        shop,
        """
        with answers as (
            select *, json_extract(properties, '$.nps')::integer as nps,
                json_extract(properties, '$.csat')::integer as csat
            from raw_storefront.events where event_type = 'survey'
        )
        select
            count(*),
            (select count(*) from raw_storefront.events),
            count(*) filter (
                where nps not between 0 and 10 or csat not between 1 and 5 or device_id is not null
                or session_hint is not null or order_id is null
            ),
            avg((polarity = 'positive')::integer) filter (where nps >= 9 and text_id is not null),
            avg((polarity = 'positive')::integer) filter (where nps <= 6 and text_id is not null)
        from answers left join truth_storefront.truth_texts on event_id = text_id
        """,
    )
    assert 0 < surveys < 0.02 * events
    assert wrong == 0
    assert promoters > 0.6 > 0.3 > detractors


def test_one_brand_is_badly_made_from_some_day_on(shop: duckdb.DuckDBPyConnection) -> None:
    """Blamed for its quality, and sent back: the brand's rating as a whole says less."""
    lines, blamed, blamed_before, usual_blame, sent_back, usual_returns = one(
        shop,
        """
        with problem as (select * from truth_storefront.truth_quality_problems),
        lines as (
            select events.*, items.brand = problem.brand as is_theirs,
                event_at >= starts_at as is_later
            from raw_storefront.events as events
            inner join raw_storefront.items as items using (item_id), problem
            where event_type in ('purchase', 'refund') and quantity > 0
        ),
        mentions as (
            select aspects.polarity = 'negative' as is_blame,
                items.brand = problem.brand as is_theirs,
                written_at >= starts_at + interval 5 day as is_later,
                written_at < starts_at as is_before
            from truth_storefront.truth_texts
            inner join truth_storefront.truth_text_aspects as aspects using (text_id)
            inner join raw_storefront.reviews on text_id = review_id
            inner join raw_storefront.items as items using (item_id), problem
            where aspects.aspect = problem.aspect
        )
        select
            (select line_count from problem),
            avg(is_blame::integer) filter (where is_theirs and is_later),
            avg(is_blame::integer) filter (where is_theirs and is_before),
            avg(is_blame::integer) filter (where not is_theirs),
            (
                select count(*) filter (where event_type = 'refund')
                    / count(*) filter (where event_type = 'purchase')
                from lines where is_theirs and is_later
            ),
            (
                select count(*) filter (where event_type = 'refund')
                    / count(*) filter (where event_type = 'purchase')
                from lines where not is_theirs
            )
        from mentions
        """,
    )
    assert lines > 50
    assert blamed > 0.75
    assert blamed_before < 0.5 > usual_blame
    assert sent_back > 1.5 * usual_returns


def test_personal_values_in_messages_are_masked_in_the_warehouse(
    whole_storefront: Warehouse,
) -> None:
    found = whole_storefront.query(
        f"""
        select
            (
                select count(*) from raw_storefront.events
                where regexp_matches(message_text, {PERSONAL})
            ),
            count(*) filter (where regexp_matches(message_text, {PERSONAL})),
            count(*) filter (where message_text like '%[masked email]%'),
            count(*) filter (where message_text like '%[masked phone]%'),
            (select count(*) from intermediate.int_reviews where body like '%[masked %')
        from intermediate.int_events
        """
    )
    personal, left, mails, phones, reviews = found[0]
    assert personal > 0
    assert (left, reviews) == (0, 0)
    assert mails + phones > 0
