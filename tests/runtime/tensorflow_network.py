"""EfficientNet-EdgeTPU-S as released in 2019, in TensorFlow's own ops, with random weights under Google's names.

    python tensorflow_network.py FOLDER

writes FOLDER/model.ckpt.* (the variables spoiled, their moving averages right, as an optimizer would leave slots
beside them), FOLDER/input.npy and FOLDER/output.npy, the logits of the averages' network.
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
import tensorflow as tf

v1 = tf.compat.v1
v1.disable_eager_execution()
NAME = "efficientnet-edgetpu-S"
random = np.random.default_rng(5)
numbers = {}


def numbered(scope, kind):
    """tf.layers' names: the second conv2d of a scope is conv2d_1."""
    number = numbers[scope, kind] = numbers.get((scope, kind), -1) + 1
    return f"{NAME}/{scope}/{kind}" + (f"_{number}" if number else "")


def variable(name, values):
    return v1.get_variable(name, initializer=values.astype(np.float32), use_resource=True)


def norm(x, scope, scale=1.0):
    channels = int(x.shape[-1])
    name = numbered(scope, "tpu_batch_normalization")
    gamma = variable(name + "/gamma", scale * random.uniform(0.5, 1.5, channels))
    beta = variable(name + "/beta", random.normal(0, 0.3, channels))
    mean = variable(name + "/moving_mean", random.normal(0, 0.3, channels))
    variance = variable(name + "/moving_variance", random.uniform(0.5, 1.5, channels))
    return (x - mean) * tf.math.rsqrt(variance + 1e-3) * gamma + beta


def conv(x, scope, filters, kernel, stride=1):
    shape = (kernel, kernel, int(x.shape[-1]), filters)
    weights = variable(numbered(scope, "conv2d") + "/kernel", random.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape))
    return tf.nn.conv2d(x, weights, strides=stride, padding="SAME")


def depthwise(x, scope, kernel, stride):
    shape = (kernel, kernel, int(x.shape[-1]), 1)
    weights = variable(
        numbered(scope, "depthwise_conv2d") + "/depthwise_kernel", random.normal(0, np.sqrt(2) / kernel, shape))
    return tf.nn.depthwise_conv2d(x, weights, strides=[1, stride, stride, 1], padding="SAME")


def logits(x):
    x = tf.nn.relu(norm(conv(x, "stem", 32, 3, 2), "stem"))
    block = 0
    # repeats, kernel, stride, expansion, declared input, output, fused, skip
    for repeats, kernel, stride, expansion, declared, out, fused, skip in [
        (1, 3, 1, 4, 24, 24, True, False), (2, 3, 2, 8, 24, 32, True, True), (4, 3, 2, 8, 32, 48, True, True),
        (5, 5, 2, 8, 48, 96, False, True), (4, 5, 1, 8, 96, 144, False, True), (2, 5, 2, 8, 144, 192, False, True)]:
        for i in range(repeats):
            scope, before = f"blocks_{block}", x
            expanded, step = (declared if i == 0 else out) * expansion, stride if i == 0 else 1
            if fused:
                x = tf.nn.relu(norm(conv(x, scope, expanded, kernel), scope))
                x = norm(conv(x, scope, out, 1, step), scope, 0.3)  # 2019: the stride is on the projection
            else:
                x = tf.nn.relu(norm(conv(x, scope, expanded, 1), scope))
                x = tf.nn.relu(norm(depthwise(x, scope, kernel, step), scope))
                x = norm(conv(x, scope, out, 1), scope, 0.3)
            if skip and step == 1 and before.shape[-1] == x.shape[-1]:
                x = x + before
            block += 1
    x = tf.reduce_mean(tf.nn.relu(norm(conv(x, "head", 1280, 1), "head")), [1, 2])
    weights = variable(f"{NAME}/head/dense/kernel", random.normal(0, 0.05, (1280, 1001)))
    return tf.matmul(x, weights) + variable(f"{NAME}/head/dense/bias", random.normal(0, 0.1, 1001))


folder = sys.argv[1]
images = v1.placeholder(tf.float32, [1, 224, 224, 3])
output = logits(images)
variables = v1.global_variables()
average = tf.train.ExponentialMovingAverage(0.9999)
average_op = average.apply(variables)  # starts as the variable
v1.get_variable(variables[0].op.name + "/RMSProp", initializer=tf.ones(variables[0].shape))
v1.train.get_or_create_global_step()
with v1.Session() as session:
    session.run(v1.global_variables_initializer())
    picture = random.uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    np.save(folder + "/input.npy", picture)
    np.save(folder + "/output.npy", session.run(output, {images: picture}))
    session.run([v.assign(tf.zeros(v.shape)) for v in variables])
    v1.train.Saver().save(session, folder + "/model.ckpt", write_meta_graph=False)
