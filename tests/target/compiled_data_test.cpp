// The model of the chip's memories against what the Edge TPU compiler made of published networks; needs the folder
// of Edge TPU data.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "target/edgetpu/analysis.h"
#include "target/edgetpu/chip.h"
#include "target/edgetpu_data.h"

namespace Atoll {
namespace {

class Errors {
 public:
  void add(double predicted, double compiled) { errors_.push_back(std::abs(predicted / compiled - 1)); }
  std::size_t size() const { return errors_.size(); }
  double worst() const { return *std::max_element(errors_.begin(), errors_.end()); }
  double median() const {
    std::vector<double> sorted = errors_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
  }
  double share_within(double limit) const {
    return static_cast<double>(std::count_if(errors_.begin(), errors_.end(), [&](double e) { return e <= limit; })) /
           static_cast<double>(errors_.size());
  }

 private:
  std::vector<double> errors_;
};

class CompiledData : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = edgetpu_data::folder();
    if (!folder_) GTEST_SKIP() << "no folder of Edge TPU data (ATOLL_DATA)";
  }
  // The chip as the compiler of this executable used it.
  const edgetpu::Chip& chip_of(bool first_compiler) const { return first_compiler ? first_ : newest_; }
  // Calls `use(executable, chip, analysis)` for every executable whose network is known.
  template <typename F>
  void each_executable(F&& use) const {
    const auto graphs = edgetpu_data::published_graphs(*folder_);
    for (const edgetpu_data::Executable& executable : edgetpu_data::executables(*folder_)) {
      const auto found = graphs.find(executable.model);
      if (found == graphs.end()) continue;
      const edgetpu::Chip& chip = chip_of(executable.first_compiler);
      use(executable, chip, edgetpu::analyse(chip, found->second));
    }
  }

  std::optional<std::filesystem::path> folder_;
  edgetpu::Chip newest_ = edgetpu::known_chips().front();
  edgetpu::Chip first_ = edgetpu_data::for_first_compilers(newest_);
};

TEST_F(CompiledData, AllCycleEstimatesAreMetWithinFivePercent) {
  Errors errors;
  each_executable([&](const edgetpu_data::Executable& executable, const edgetpu::Chip& chip, const auto& analysis) {
    if (executable.compiler_cycles == 0) return;
    double cycles = 0;
    for (const auto& part : analysis.subgraphs)
      for (const edgetpu::Layer& layer : part.layers) cycles += edgetpu::compiler_cycles(chip, layer);
    errors.add(cycles, static_cast<double>(executable.compiler_cycles));
  });
  EXPECT_EQ(errors.size(), 47u);
  EXPECT_LE(errors.worst(), 0.05);
  EXPECT_LE(errors.median(), 0.01);
}

TEST_F(CompiledData, ParameterBytesOfWholeNetworksAreMetWithinTwoPercent) {
  Errors errors;
  each_executable([&](const edgetpu_data::Executable& executable, const edgetpu::Chip&, const auto& analysis) {
    // Above half a megabyte: what is smaller is no network, but a test of one op.
    const std::int64_t compiled = executable.cached_bytes + executable.streamed_bytes;
    if (compiled < 512 * 1024) return;
    errors.add(static_cast<double>(analysis.onchip_bytes + analysis.offchip_bytes), static_cast<double>(compiled));
  });
  EXPECT_GT(errors.size(), 40u);
  EXPECT_LE(errors.worst(), 0.02);
  EXPECT_LE(errors.median(), 0.002);
}

TEST_F(CompiledData, InstructionBytesAreMetWithinTenPercentMostly) {
  Errors first, newest;
  each_executable([&](const edgetpu_data::Executable& executable, const edgetpu::Chip&, const auto& analysis) {
    if (executable.instruction_bytes == 0 || executable.cocompiled) return;
    double bytes = 0;
    for (const auto& part : analysis.subgraphs) bytes += part.instructions;
    (executable.first_compiler ? first : newest).add(bytes, static_cast<double>(executable.instruction_bytes));
  });
  EXPECT_GE(first.share_within(0.1), 0.7);
  EXPECT_GE(newest.share_within(0.1), 0.55);
}

TEST_F(CompiledData, SharesOfTheCacheAreMetAsWidthGrows) {
  Errors cached, streamed;
  for (const edgetpu_data::Measurement& row : edgetpu_data::measurements(*folder_)) {
    if (!row.shares.cached || row.first_compiler) continue;
    const edgetpu::Analysis analysis = edgetpu::analyse(newest_, row.network);
    const edgetpu::Cache& cache = analysis.subgraphs.at(0).cache;
    cached.add(static_cast<double>(cache.reported_bytes), *row.shares.cached);
    if (*row.shares.streamed > 0) streamed.add(static_cast<double>(cache.offchip_bytes), *row.shares.streamed);
  }
  EXPECT_EQ(cached.size(), 132u);
  EXPECT_LE(cached.worst(), 0.1);
  EXPECT_LE(cached.median(), 0.01);
  EXPECT_EQ(streamed.size(), 52u);
  EXPECT_LE(streamed.worst(), 0.02);
}

TEST_F(CompiledData, WhatTheFirstCompilersLeftForParametersIsMet) {
  // Of MobileNet v1 and v2, an SSD and dense layers; the stack of 7x7 convolutions is a residual that docs/edgetpu.md
  // tells of.
  Errors available;
  for (const edgetpu_data::Measurement& row : edgetpu_data::measurements(*folder_)) {
    if (!row.shares.available || row.family == "conv") continue;
    const edgetpu::Analysis analysis = edgetpu::analyse(first_, row.network);
    available.add(static_cast<double>(analysis.subgraphs.at(0).cache.available_bytes), *row.shares.available);
  }
  EXPECT_GE(available.size(), 18u);
  EXPECT_LE(available.worst(), 0.1);
}

}  // namespace
}  // namespace Atoll
