// The model of the chip against what others measured and compiled; needs the folder of Edge TPU data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "target/edgetpu/analysis.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu_data.h"

namespace Atoll {
namespace {

const edgetpu::Chip& chip_with(const std::string& link) {
  for (const edgetpu::Chip& chip : edgetpu::known_chips())
    if (chip.link.name == link) return chip;
  return edgetpu::known_chips().front();
}

TEST(PublishedData, MicroBenchmarksAreMetWithinFivePercentOnAverage) {
  const auto folder = edgetpu_data::folder();
  if (!folder) GTEST_SKIP() << "no folder of Edge TPU data (ATOLL_DATA)";
  double sum = 0, inside = 0;
  const auto rows = edgetpu_data::measurements(*folder);
  for (const edgetpu_data::Measurement& row : rows) {
    const edgetpu::Chip& chip = chip_with(row.link);
    const double ratio = row.ms / edgetpu::analyse(chip, row.network).total_ms;
    sum += std::abs(1 / ratio - 1);
    inside += ratio >= chip.interval.low && ratio <= chip.interval.high ? 1 : 0;
    EXPECT_LT(std::abs(1 / ratio - 1), 0.30) << row.family << " " << row.name << " " << row.link;
  }
  const auto n = static_cast<double>(rows.size());
  EXPECT_GT(n, 200);
  EXPECT_LE(sum / n, 0.05);
  EXPECT_GE(inside / n, 0.80);
}

TEST(PublishedData, DeepLabIsCutWhereTheCompilerCutIt) {
  // The compiled file hands over a 33x33x256 and a 1x1x256 map: the branch beside the resize still maps.
  const auto folder = edgetpu_data::folder();
  if (!folder) GTEST_SKIP() << "no folder of Edge TPU data (ATOLL_DATA)";
  const auto graphs = edgetpu_data::published_graphs(*folder);
  const auto found = graphs.find("google-coral/edgetpu:test_data/deeplabv3_mnv2_pascal_quant.tflite");
  ASSERT_NE(found, graphs.end());
  const auto analysis = edgetpu::analyse(edgetpu::known_chips().front(), found->second);
  ASSERT_EQ(analysis.subgraphs.size(), 1u);
  EXPECT_EQ(analysis.subgraphs[0].boundary.traffic.output_bytes, 33 * 33 * 256 + 256);
  EXPECT_EQ(analysis.subgraphs[0].boundary.outputs, 2);
}

}  // namespace
}  // namespace Atoll
