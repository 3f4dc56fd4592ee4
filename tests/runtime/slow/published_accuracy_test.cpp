// Published classifiers name pictures of ImageNet as often as their publishers say, with their own preprocessing. The
// pictures are few and easier than the validation set: the published share must not lie above what 95 % of such samples
// give.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "atoll/model.h"
#include "atoll/runtime.h"
#include "base/file.h"
#include "runtime/development_data.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

namespace fs = std::filesystem;

struct Stated {
  const char* model;
  double top1;
  bool silent = false;  // the file does not say how pixels go in; its publisher says: (pixel - 127.5) / 127.5
};
// Sources: TensorFlow Lite's hosted models (v1 and v2); tensorflow/models, research/slim (EdgeTPU); Keras's table of
// applications (what the tf2 one was quantized from).
constexpr Stated kStated[] = {
    {"coral/mobilenet_v1_0.25_128_quant.tflite", 0.395},
    {"coral/mobilenet_v2_1.0_224_quant.tflite", 0.708},
    {"coral/tf2_mobilenet_v2_1.0_224_ptq.tflite", 0.713},
    {"tflite_support/mobilenet_v1_0.25_224_quant.tflite", 0.482},
    {"tflite_support/mobilenet_v1_0.25_224_1_default_1.tflite", 0.498, true},
    {"coral_edgetpu_repo/mobilenet_edgetpu_0.75_224_post_training_quant.tflite", 0.735, true},
};

// The pictures that labels.tsv names, each with its class, as "csv:". A model without labels numbers the background
// too.
std::string listed(const fs::path& folder, bool with_background) {
  const fs::path list = folder / (with_background ? "1001.csv" : "1000.csv");
  std::ifstream labels(folder / "labels.tsv");
  std::ofstream csv(list);
  std::string line;
  std::getline(labels, line);
  while (std::getline(labels, line)) {
    std::istringstream cells(line);
    std::string file;
    int index = 0;
    std::getline(cells, file, '\t');
    cells >> index;
    if (fs::exists(folder / file)) csv << (folder / file).string() << ',' << index + (with_background ? 1 : 0) << '\n';
  }
  return fmt::format("csv:{0},{0}", list.string());
}

TEST(PublishedModels, AreAsAccurateAsTheirPublishersState) {
  const fs::path archive = development_data() / "images" / "imagenet_samples.tar";
  if (!fs::exists(archive)) GTEST_SKIP() << "no " << archive;
  const TemporaryFolder folder;
  ASSERT_EQ(std::system(fmt::format("tar -xf '{}' -C '{}'", archive.string(), folder.str()).c_str()), 0);
  for (const Stated& stated : kStated) {
    SCOPED_TRACE(stated.model);
    Graph graph = load_model(development_data() / "models" / stated.model);
    ASSERT_EQ(graph.preprocessing.has_value(), !stated.silent);
    if (stated.silent) graph.preprocessing = Preprocessing{.mean = {127.5f}, .std = {127.5f}};
    const auto data = open_dataset(listed(folder.path(), graph.labels.empty()), Split::kTest);
    const Accuracy accuracy = evaluate(graph, *with_classes_of(graph, data), {.threads = 2});
    fmt::print("{}: top-1 {:.3f} ± {:.3f} on {} pictures, stated {}\n", stated.model, accuracy.top1, accuracy.ci95,
               accuracy.images, stated.top1);
    EXPECT_GE(accuracy.images, 200);
    EXPECT_GE(accuracy.top1 + accuracy.ci95, stated.top1);
  }
}

}  // namespace
}  // namespace Atoll
