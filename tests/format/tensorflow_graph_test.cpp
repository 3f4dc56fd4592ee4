// Google's variables in the zoo's networks. The names are those of tensorflow/tpu's efficientnet_model.py under
// tf.layers' numbering, and of slim's MobileNets; public converters spell out the same ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "atoll/tensorflow.h"
#include "atoll/zoo.h"
#include "error_of.h"
#include "format/edgetpu_variables.h"

namespace Atoll {
namespace {

using format_test::edgetpu_s;
using format_test::Variables;
using testing::HasSubstr;
using testing::Not;

const Tensor& constant(const Graph& graph, const std::string& name) {
  for (const Tensor& tensor : graph.tensors)
    if (tensor.name == name) return tensor;
  throw std::runtime_error("no constant " + name);
}

const Graph& network() {
  static const Graph graph = build_zoo_model("efficientnet-edgetpu-s-2019", {.h = 64, .w = 64});
  return graph;
}

TEST(TensorflowWeights, FillEfficientNetEdgeTpuSByGooglesNames) {
  Variables v = edgetpu_s();
  const Graph filled = with_tensorflow_weights(network(), v.tensors);
  for (const Tensor& tensor : filled.tensors) EXPECT_TRUE(!tensor.constant || !tensor.data.empty()) << tensor.name;
  // [h, w, in, out] becomes [out, h, w, in].
  const NamedTensor& fused = v.at("blocks_1/conv2d/kernel");  // [3, 3, 24, 192]
  const auto weights = constant(filled, "stage2/block1/fused/weights").data.as<float>();
  EXPECT_EQ(weights[((5 * 3 + 1) * 3 + 2) * 24 + 7], fused.values[((1 * 3 + 2) * 24 + 7) * 192 + 5]);
  // [h, w, in, 1] is [1, h, w, in] already.
  const NamedTensor& depthwise = v.at("blocks_7/depthwise_conv2d/depthwise_kernel");
  const auto taps = constant(filled, "stage4/block1/depthwise/weights").data.as<float>();
  EXPECT_TRUE(std::equal(taps.begin(), taps.end(), depthwise.values.begin(), depthwise.values.end()));
  // [in, out] becomes [out, in].
  EXPECT_EQ(constant(filled, "logits/weights").data.as<float>()[2 * 1280 + 9],
            v.at("head/dense/kernel").values[9 * 1001 + 2]);
  EXPECT_EQ(constant(filled, "stage4/block1/project/norm/variance").data.as<float>()[3],
            v.at("blocks_7/tpu_batch_normalization_2/moving_variance").values[3]);
}

TEST(TensorflowWeights, AreTheMovingAveragesWhereThereAreSome) {
  Variables v = edgetpu_s();
  const std::size_t count = v.tensors.size();
  for (std::size_t i = 0; i < count; ++i) {
    NamedTensor average = v.tensors[i], slot = v.tensors[i];
    average.name += "/ExponentialMovingAverage";
    slot.name += "/RMSProp";
    for (float& value : average.values) value += 5000;
    v.tensors.push_back(std::move(average));
    v.tensors.push_back(std::move(slot));
  }
  v.tensors.push_back({"beta1_power", {}, {0.9f}});
  const float plain = v.at("head/dense/bias").values[4];
  EXPECT_EQ(constant(with_tensorflow_weights(network(), v.tensors), "logits/bias").data.as<float>()[4], plain + 5000);
  EXPECT_EQ(
      constant(with_tensorflow_weights(network(), v.tensors, {.averages = false}), "logits/bias").data.as<float>()[4],
      plain);
}

TEST(TensorflowWeights, ThatDoNotFitAreListedByName) {
  Variables v = edgetpu_s();
  v.erase("blocks_3/conv2d_1/kernel");
  v.at("stem/conv2d/kernel").shape = {3, 3, 32, 3};
  v.add("blocks_17/extra/kernel", {1});
  const std::string error = error_of([&] { with_tensorflow_weights(network(), v.tensors); });
  EXPECT_THAT(error, HasSubstr("missing: efficientnet-edgetpu-S/blocks_3/conv2d_1/kernel (stage3/block1/project"));
  EXPECT_THAT(error, HasSubstr("of another shape: efficientnet-edgetpu-S/stem/conv2d/kernel [3, 3, 32, 3] instead of "
                               "[3, 3, 3, 32]"));
  EXPECT_THAT(error, HasSubstr("left over: efficientnet-edgetpu-S/blocks_17/extra/kernel"));
  EXPECT_THAT(error_of([&] {
                with_tensorflow_weights(network(), std::vector<NamedTensor>{{"dense/kernel", {1}, {1}}});
              }),
              HasSubstr("names are not known"));
}

TEST(TensorflowWeights, OfRelativesHaveTheirPublishedNames) {
  // Nothing is there but the recognised stem: every other variable is asked for by name.
  const auto asked_for = [](const std::string& model, const std::string& stem) {
    const std::vector<NamedTensor> only = {{stem, {1}, {0}}};
    return error_of([&] { with_tensorflow_weights(build_zoo_model(model), only); });
  };
  const std::string b0 = asked_for("efficientnet-b0", "efficientnet-b0/stem/conv2d/kernel");
  for (const char* name :
       {"efficientnet-b0/stem/tpu_batch_normalization/gamma",
        "efficientnet-b0/blocks_0/depthwise_conv2d/depthwise_kernel (stage1/block1/depthwise/weights)",
        "efficientnet-b0/blocks_0/tpu_batch_normalization/gamma (stage1/block1/depthwise/norm/gamma)"})
    EXPECT_THAT(b0, HasSubstr(name));
  const std::string v1 = asked_for("mobilenet-v1", "MobilenetV1/Conv2d_0/weights");
  for (const char* name : {"MobilenetV1/Conv2d_0/BatchNorm/moving_mean",
                           "MobilenetV1/Conv2d_1_depthwise/depthwise_weights (block1/depthwise/weights)"})
    EXPECT_THAT(v1, HasSubstr(name));
  const std::string v2 = asked_for("mobilenet-v2", "MobilenetV2/Conv/weights");
  EXPECT_THAT(v2, HasSubstr("MobilenetV2/expanded_conv/depthwise/depthwise_weights (stage1/block1/depthwise"));
  EXPECT_THAT(v2, Not(HasSubstr("expanded_conv/expand")));
  EXPECT_THAT(asked_for("mobilenet-v3-small", "MobilenetV3/Conv/weights"),
              HasSubstr("MobilenetV3/expanded_conv/depthwise/depthwise_weights (stage1/block1/depthwise"));
  EXPECT_THAT(asked_for("mobilenet-edgetpu", "MobilenetEdgeTPU/Conv/weights"),
              HasSubstr("MobilenetEdgeTPU/expanded_conv/project/weights (stem/project/weights)"));
  const std::string mnasnet = asked_for("mnasnet-a1", "mnasnet-a1/mnas_stem/conv2d/kernel");
  for (const char* name : {"mnasnet-a1/mnas_stem/batch_normalization/gamma (stem/norm/gamma)",
                           "mnasnet-a1/mnas_blocks_0/depthwise_conv2d/depthwise_kernel (stage1/block1/depthwise"})
    EXPECT_THAT(mnasnet, HasSubstr(name));
}

}  // namespace
}  // namespace Atoll
