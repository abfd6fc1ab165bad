"""Parameters and source files of the steps, as the rules declare them."""

from invariscope import plan
from invariscope.params import canonical, lookup
from invariscope.provenance.sources import code_of, declared_params


def parameters(step):
    """The params.yaml keys that the step declares, as one string that both engines compare."""

    def values(wildcards):
        keys = [key.format(**wildcards) for key in declared_params(step).values()]
        return canonical({key: lookup(PARAMS, key) for key in keys})

    return values


def growing(amount):
    """An amount of memory (MB) or time (minutes) for a job's first attempt; after a failure it gets as much again on
    top. Only a profile with `retries` makes further attempts."""
    return lambda wildcards, attempt: amount * attempt


def code_with_source(step):
    """The step's source files, with those of the study's data source."""
    return lambda wildcards: code_of(step, *plan.source_modules(PARAMS, wildcards.study))


def code_with_architecture(step):
    """The step's source files, with those of the classifier's architecture, the user's too."""
    return lambda wildcards: code_of(step, *plan.architecture_modules(PARAMS, wildcards.study, wildcards.classifier))


def code_with_source_and_architecture(step):
    """The step's source files, with those of the study's data source and of the classifier's architecture."""

    def files(wildcards):
        architecture = plan.architecture_modules(PARAMS, wildcards.study, wildcards.classifier)
        return code_of(step, *plan.source_modules(PARAMS, wildcards.study), *architecture)

    return files


def judge_names(wildcards):
    """The classifiers that are shown images made for the classifier, itself the first."""
    return [wildcards.classifier, *plan.judges(PARAMS, wildcards.study, wildcards.classifier)]


def generative_judge_names(wildcards):
    """The classifiers in whose feature space a study's generative networks are compared."""
    return plan.generative_judges(PARAMS, wildcards.study)


def code_with_classifiers(step, names):
    """The step's source files, with those of the architectures of the classifiers that `names` gives."""

    def files(wildcards):
        study = wildcards.study
        modules = [module for name in names(wildcards) for module in plan.architecture_modules(PARAMS, study, name)]
        return code_of(step, *dict.fromkeys(modules))

    return files


def code_with_judges(step):
    return code_with_classifiers(step, judge_names)


def code_with_generative_judges(step):
    return code_with_classifiers(step, generative_judge_names)


def networks_of(wildcards, names):
    """The files of a study's classifiers."""
    return [f"results/{wildcards.study}/{name}/training/model.safetensors" for name in names]


def judges_of(wildcards):
    return networks_of(wildcards, judge_names(wildcards))


def generative_judges(wildcards):
    return networks_of(wildcards, generative_judge_names(wildcards))


def first_generative_judge(wildcards):
    """The one that a training is followed by."""
    return generative_judges(wildcards)[:1]


def made_by_networks(networks, name):
    """A file of each of the generative networks that a function of the plan names."""
    return lambda wildcards: [
        f"results/{wildcards.study}/generative/{network}/{name}" for network in networks(PARAMS, wildcards.study)
    ]


def code_of_twins(step):
    """The step's source files, with those of the study's data source and of its twins' architecture."""

    def files(wildcards):
        architecture = plan.architecture_modules(PARAMS, wildcards.study, plan.twin_classifier(PARAMS, wildcards.study))
        return code_of(step, *plan.source_modules(PARAMS, wildcards.study), *architecture)

    return files


def made_by_twins(*names):
    """Some files of each of a study's twins, twin by twin."""
    return lambda wildcards: [
        f"results/{wildcards.study}/ground_truth/twins/{twin}/{name}"
        for twin in plan.twins(PARAMS, wildcards.study)
        for name in names
    ]


def classes_of(wildcards):
    """The file that says which class each folder of the study's images is, if one does."""
    return plan.class_files(PARAMS, wildcards.study)


def weights_of(wildcards):
    """The file that the classifier starts from, if it does."""
    return plan.weights_files(PARAMS, wildcards.study, wildcards.classifier)


def traversals_of(wildcards):
    """The traversals of all layers of a classifier, the earliest layer first."""
    layers = plan.compared_classifiers(PARAMS, wildcards.study).get(wildcards.classifier, [])
    folder = f"results/{wildcards.study}/{wildcards.classifier}/filter_gan"
    return [f"{folder}/{layer}/traversal.parquet" for layer in layers]


def all_traversals():
    """The traversals of all layers of the studies switched on."""
    layers = plan.traversed_layers(PARAMS)
    return [f"results/{study}/{name}/filter_gan/{layer}/traversal.parquet" for study, name, layer in layers]


def traversed_data():
    """The data of the studies that have traversals."""
    return list(dict.fromkeys(f"data/{study}.parquet" for study, _, _ in plan.traversed_layers(PARAMS)))


def screened(name):
    """A file of the screenings of all classifiers of a study, in the order that params.yaml names them in."""
    return lambda wildcards: [
        f"results/{wildcards.study}/{classifier}/screening/{name}"
        for classifier in plan.screened_classifiers(PARAMS, wildcards.study)
    ]
