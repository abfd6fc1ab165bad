"""The filters of one layer, parametrised by the latent space of a GAN."""
