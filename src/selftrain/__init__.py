"""SelfTrain: Gymnasium environments for real work over episodes longer than the context.

Importing this package registers the environment ids and does nothing else.
"""

from selftrain.registration import register_envs, register_packs

__version__ = "0.1.0"

register_envs()
register_packs()
