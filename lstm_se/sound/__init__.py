"""Sound: samples, spectra, what the network sees of them, noises, microphones and rooms."""
