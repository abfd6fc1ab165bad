"""One thin module a step: read artifacts, one call into the library, write artifacts.

The module, its rule and its command share one name. PARAMS names the keys of params.yaml that the step sees, with
its wildcards in braces; the rule and the DVC stage declare exactly these.
"""
