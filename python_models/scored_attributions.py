"""Works out what moves each customer's chance of silence, spend and tier, by the stored heads."""

from footfall import attributions, heads
from footfall.adapter import cutoffs, progress, tables


def model(dbt, session):
    source = cutoffs.Cutoffs(
        session,
        dbt.ref("int_customer_cutoffs"),
        dbt.ref("attention_states"),
        dbt.ref("cutoff_digests"),
    )
    settings = dbt.config.meta_get("settings")
    # dbt finds a setting that is read by a call of its own, and not one inside of a longer chain.
    explains_value = dbt.config.meta_get("explains_value")
    churn = {**settings, "horizons": dbt.config.meta_get("churn_horizons")}
    return attributions.explain_customers(
        tables.arrow(dbt.ref("churn_heads")),
        tables.arrow(dbt.ref("value_heads")),
        source,
        churn_settings=heads.HeadSettings.from_mapping(churn),
        value_settings=heads.HeadSettings.from_mapping(settings),
        explains_value=bool(explains_value),
        by_permutations=int(dbt.config.meta_get("by_permutations")),
        progress=progress.log,
    )
