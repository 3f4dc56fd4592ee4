"""Writes the checkpoints beside it, with TensorFlow (made with 2.21):  python make.py

saver.ckpt    tf.train.Saver, two data files, with moving averages and a counter
object.ckpt   tf.train.Checkpoint: keys are paths through objects, the names are in its graph of objects
"""
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
here = pathlib.Path(__file__).parent

KERNEL = np.arange(12, dtype=np.float32).reshape(2, 2, 1, 3) / 4 - 1


def saver():
    with tf.Graph().as_default():
        with tf.device("/cpu:0"):
            kernel = v1.get_variable("net/conv2d/kernel", initializer=tf.constant(KERNEL))
            half = v1.get_variable("net/half", initializer=tf.constant([1.0, -0.5, 65504.0], tf.float16))
            brain = v1.get_variable("net/brain", initializer=tf.constant([1.0, -3.0], tf.bfloat16))
        with tf.device("/cpu:1"):
            double = v1.get_variable("net/double", initializer=tf.constant([0.1], tf.float64))
            step = v1.train.get_or_create_global_step()
        average = tf.train.ExponentialMovingAverage(0.5)
        update = average.apply([kernel])
        with v1.Session(config=v1.ConfigProto(device_count={"CPU": 2})) as session:
            session.run(v1.global_variables_initializer())
            session.run(kernel.assign(KERNEL + 1))
            session.run(update)  # half of the old and half of the new
            v1.train.Saver(sharded=True).save(session, str(here / "saver.ckpt"), write_meta_graph=False, write_state=False)


def objects():
    model = tf.Module()
    model.layer = tf.Module()
    model.layer.kernel = tf.Variable(KERNEL, name="net/conv2d/kernel")
    model.layer.twin = tf.Variable([5.0], name="twin")
    model.twin = tf.Variable([6.0, 7.0], name="twin")
    tf.train.Checkpoint(model=model, step=tf.Variable(3, dtype=tf.int64)).write(str(here / "object.ckpt"))


objects()
v1.disable_eager_execution()
saver()
