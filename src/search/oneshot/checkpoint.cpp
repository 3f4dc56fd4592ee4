// The file that a one-shot search goes on from: magic, version, length and CRC-32C, then where it stands.
#include <array>

#include "atoll/error.h"
#include "base/crc32c.h"
#include "base/file.h"
#include "base/timer.h"
#include "search/oneshot/one_shot_search.h"

namespace Atoll {
namespace {

constexpr std::array<char, 8> kMagic = {'A', 'T', 'O', 'L', 'L', 'N', 'E', 'T'};
constexpr std::uint32_t kVersion = 1;
constexpr std::uint64_t kMostFinalists = 1 << 24;

}  // namespace

void OneShotSearch::save() {
  if (options_.checkpoint.empty()) return;
  const double start = seconds_now();
  training::ByteWriter body;
  body.put(fingerprint_);
  body.put(done_);
  body.put(rng_.state());
  policy_.write(body);
  body.put(static_cast<std::uint64_t>(finalists_.size()));
  for (const Finalist& finalist : finalists_) {
    body.put_array(std::span<const int>(finalist.genotype));
    body.put(finalist.accuracy);
  }
  for (const Mean& mean : {loss_, accuracy_, cost_mean_}) body.put(mean);
  body.put_array(std::span<const std::byte>(supernet_->state()));
  const std::vector<std::byte> bytes = body.take();
  training::ByteWriter file;
  file.put(kMagic);
  file.put(kVersion);
  file.put(crc32c(bytes));
  file.put_array(std::span<const std::byte>(bytes));
  write_file(options_.checkpoint, file.take());
  last_save_ = seconds_now();
  save_seconds_ = last_save_ - start;
}

void OneShotSearch::load() {
  if (options_.checkpoint.empty() || !std::filesystem::exists(options_.checkpoint)) return;
  const std::string name = options_.checkpoint.string();
  const std::vector<std::byte> file = read_file(options_.checkpoint);
  std::uint64_t fingerprint = 0;
  try {
    training::ByteReader header(file);
    if (header.get<std::array<char, 8>>() != kMagic) fail("it is no supernet of Atoll");
    if (const auto version = header.get<std::uint32_t>(); version != kVersion)
      fail("it has version {}, but this program reads version {}", version, kVersion);
    const auto crc = header.get<std::uint32_t>();
    const std::vector<std::byte> bytes = header.get_vector<std::byte>(file.size());
    if (!header.at_end() || crc32c(bytes) != crc) fail("its checksum is wrong: the file is damaged");
    training::ByteReader body(bytes);
    fingerprint = body.get<std::uint64_t>();
    if (fingerprint != fingerprint_) fail("it belongs to another search");
    done_ = body.get<std::int64_t>();
    if (done_ < 0 || done_ > steps_) fail("it stands at step {} of {}", done_, steps_);
    rng_.restore(body.get<Rng::State>());
    policy_.read(body);
    const auto count = body.get<std::uint64_t>();
    if (count > kMostFinalists) fail("it announces {} finalists", count);
    for (std::uint64_t i = 0; i < count; ++i) {
      Finalist finalist;
      finalist.genotype = body.get_vector<int>(space_.decisions().size());
      require_valid(space_, finalist.genotype);
      finalist.accuracy = body.get<double>();
      finalists_.push_back(std::move(finalist));
    }
    for (Mean* mean : {&loss_, &accuracy_, &cost_mean_}) *mean = body.get<Mean>();
    supernet_->restore(body.get_vector<std::byte>(bytes.size()));
    if (!body.at_end()) fail("bytes follow its content");
  } catch (const Error& error) {
    fail("cannot resume from supernet '{}': {}", name, error.what());
  }
}

}  // namespace Atoll
