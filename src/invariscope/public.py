"""What can be imported from `invariscope` itself, by analysis: name -> module:attribute.

No step's code depends on this file: a name more makes no result out of date. Whatever imports a name from `invariscope`
depends on the module behind it (`provenance.sources`). Type checkers read `__init__.pyi`; a test holds both equal.
"""

PUBLIC = {
    # data
    "Images": "invariscope.data.table:Images",
    "UserError": "invariscope.errors:UserError",
    "balanced": "invariscope.data.table:balanced",
    "draw_digits": "invariscope.data.drawn:draw_digits",
    "draw_shapes": "invariscope.data.drawn:draw_shapes",
    "open_data": "invariscope.data.table:open_data",
    "read_data": "invariscope.data.table:read_data",
    "write_data": "invariscope.data.table:write_data",
    # classifiers
    "ClassifierTraining": "invariscope.classifiers.training:Training",
    "evaluate_classifier": "invariscope.classifiers.evaluation:judge",
    "load_classifier": "invariscope.classifiers.model_file:load_classifier",
    "new_classifier": "invariscope.classifiers.initial:new_classifier",
    "predict": "invariscope.classifiers.evaluation:predict",
    "save_classifier": "invariscope.classifiers.model_file:save_classifier",
    "train_classifier": "invariscope.classifiers.training:train",
    # filter-GAN
    "FilterGanConfig": "invariscope.filter_gan.config:FilterGanConfig",
    "Traversal": "invariscope.filter_gan.config:Traversal",
    "load_filter_gan": "invariscope.filter_gan.generator_file:load_with_classifier",
    "pooled_classifier": "invariscope.filter_gan.orbit_pooling:pooled_classifier",
    "save_filter_gan": "invariscope.filter_gan.generator_file:save_generator",
    "summarise_traversal": "invariscope.filter_gan.traversal:summarise",
    "train_filter_gan": "invariscope.filter_gan.train:train",
    "traverse": "invariscope.filter_gan.traversal:traverse",
    # screening
    "Rendering": "invariscope.screening.config:Rendering",
    "Thresholds": "invariscope.screening.config:Thresholds",
    "class_groups": "invariscope.screening.config:groups_of",
    "screen": "invariscope.screening.screen:screen",
    "screening_conditions": "invariscope.screening.config:conditions",
    "threshold_rows": "invariscope.screening.thresholds:threshold_rows",
    # transformer
    "TransformerEvaluation": "invariscope.transformer.config:TransformerEvaluation",
    "TransformerTraining": "invariscope.transformer.config:TransformerTraining",
    "evaluate_transformer": "invariscope.transformer.evaluate:evaluate",
    "load_transformer": "invariscope.transformer.transformer_file:load_transformer",
    "save_transformer": "invariscope.transformer.transformer_file:save_transformer",
    "train_transformer": "invariscope.transformer.train:train",
    # feature visualisation
    "visualize": "invariscope.features.visualize:visualize",
    # generative
    "DcganPhases": "invariscope.generative.config:Phases",
    "DcganTraining": "invariscope.generative.config:DcganTraining",
    "GenerativeEvaluation": "invariscope.generative.config:GenerativeEvaluation",
    "VariationalTraining": "invariscope.generative.config:VariationalTraining",
    "evaluate_generative": "invariscope.generative.evaluate:evaluate",
    "load_generative": "invariscope.generative.network_file:load_network",
    "save_generative": "invariscope.generative.network_file:save_network",
    "train_autoencoder": "invariscope.generative.train:train",
    "train_dcgan": "invariscope.generative.dcgan_train:train",
    # unpooling
    "Locator": "invariscope.unpooling.evaluate:Locator",
    "UnpoolingTraining": "invariscope.unpooling.config:UnpoolingTraining",
    "evaluate_unpooling": "invariscope.unpooling.evaluate:evaluate",
    "load_mirrors": "invariscope.unpooling.mirror_file:load_mirrors",
    "open_drawn_source": "invariscope.unpooling.scenes:open_source",
    "save_mirrors": "invariscope.unpooling.mirror_file:save_mirrors",
    "train_unpooling": "invariscope.unpooling.train:train",
    # ground truth
    "Motion": "invariscope.invariance.motions:Motion",
    "lie_errors": "invariscope.invariance.lie_derivative:lie_errors",
    "load_twins": "invariscope.ground_truth.twins:load_twins",
}
