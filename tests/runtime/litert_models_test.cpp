// Whole published classifiers give LiteRT's outputs with the reference kernels, and the fast kernels give the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "runtime/development_data.h"
#include "runtime/drawn_graph.h"
#include "runtime/litert.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

std::vector<std::vector<std::byte>> run(Session& session, const std::vector<std::vector<std::byte>>& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i)
    std::copy(inputs[i].begin(), inputs[i].end(), session.input(i).begin());
  session.run();
  std::vector<std::vector<std::byte>> outputs;
  for (std::size_t i = 0; i < session.graph().outputs.size(); ++i) {
    const std::span<const std::byte> bytes = session.output(i);
    outputs.emplace_back(bytes.begin(), bytes.end());
  }
  return outputs;
}

TEST(PublishedModels, GiveLiteRtsOutputs) {
  if (published_classifiers().empty()) GTEST_SKIP() << "no models in " << development_data();
  if (litert::python().empty()) GTEST_SKIP() << "ATOLL_LITERT_PYTHON names no Python with ai-edge-litert";
  litert::Cases cases;
  for (const fs::path& path : published_classifiers()) {
    const std::vector<std::byte> file = read_file(path);
    const Graph graph = read_tflite(file, path.stem().string());
    Session session(graph, {.kernels = Kernels::kReference});
    Rng rng(7);
    for (int i = 0; i < 2; ++i) {
      const auto inputs = drawn::draw_inputs(graph, rng);
      cases.add(fmt::format("{} input {}", path.filename().string(), i), file, graph, inputs, run(session, inputs),
                1e-4);
    }
  }
  EXPECT_EQ(cases.differences(), "");
}

TEST(PublishedModels, RunTheSameWithEitherKernels) {
  if (published_classifiers().empty()) GTEST_SKIP() << "no models in " << development_data();
  for (const fs::path& path : published_classifiers()) {
    const Graph graph = read_tflite(read_file(path), path.stem().string());
    if (graph.output().dtype == DType::kFloat32) continue;
    Session reference(graph, {.kernels = Kernels::kReference}), one(graph), three(graph, {.threads = 3});
    Rng rng(8);
    const auto inputs = drawn::draw_inputs(graph, rng);
    const auto expected = run(reference, inputs);
    EXPECT_EQ(run(one, inputs), expected) << path;
    EXPECT_EQ(run(three, inputs), expected) << path;
  }
}

// The scores that were published with the models.
struct Published {
  const char* model;
  const char* image;
  int index;
  double score;
  int within_top;
};

TEST(PublishedModels, NameWhatIsInThePictures) {
  const fs::path folder = development_data() / "models";
  if (published_classifiers().empty()) GTEST_SKIP() << "no models in " << development_data();
  for (const Published& p :
       {Published{"coral/mobilenet_v1_0.25_128_quant.tflite", "coral/images/cat.bmp", 283, 0.25, 3},
        {"coral/mobilenet_v2_1.0_224_quant.tflite", "coral/images/cat.bmp", 286, 0.7, 1},
        {"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", "coral/images/cat.bmp", 286, 0.6, 1},
        {"tflite_support/mobilenet_v1_0.25_224_quant.tflite", "tflite_support/burger.jpg", 934, 0.94, 1}}) {
    Session session(load_model((folder / p.model).string()));
    const auto classes = classify(session, decode_image(read_file(folder / p.image), p.image), p.within_top);
    const auto found =
        std::find_if(classes.begin(), classes.end(), [&](const ScoredClass& c) { return c.index == p.index; });
    ASSERT_NE(found, classes.end()) << p.model;
    EXPECT_GE(found->score, p.score) << p.model;
  }
}

TEST(PublishedModels, CompiledOnesAreRefusedWithTheirCustomOp) {
  const fs::path path = development_data() / "models" / "coral" / "mobilenet_v1_0.25_128_quant_edgetpu.tflite";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  const Graph graph = load_model(path.string());
  try {
    Session session(graph);
    FAIL() << "ran a compiled model";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("edgetpu-custom-op"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace Atoll
