"""Spark-TTS on MLX: the model and its files; the architecture is SparkAudio's (arXiv:2503.01710).

Weights are used under CC-BY-NC-SA-4.0. Arrays are (frames, channels); audio is 16 kHz, 320 samples
a frame. MLX is not thread-safe: one thread of the process makes and uses everything in here.
"""
