#include "train/checkpoint.h"

#include <zlib.h>

#include <array>
#include <bit>
#include <string_view>

#include "atoll/error.h"
#include "train/bytes.h"

namespace Atoll::training {
namespace {

constexpr std::array<char, 8> kMagic = {'A', 'T', 'O', 'L', 'L', 'C', 'K', 'P'};
constexpr std::uint32_t kVersion = 1;

std::uint32_t crc_of(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

class Hash {
 public:
  void add(std::uint64_t value) { value_ = mix(value_, value); }
  void add(double value) { add(std::bit_cast<std::uint64_t>(value)); }
  void add(std::string_view text) {
    for (const char c : text) add(static_cast<std::uint64_t>(static_cast<unsigned char>(c)));
    add(text.size());
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0;
};

}  // namespace

std::uint64_t fingerprint_of(const Graph& graph, std::int64_t images, const TrainOptions& options,
                             const ValueTransform* transform) {
  Hash hash;
  for (const Node& node : graph.nodes) {
    hash.add(name_of(node.op));
    for (const TensorId id : node.inputs) hash.add(id == kNoTensor ? std::string() : graph.tensor(id).shape.str());
    for (const TensorId id : node.outputs) hash.add(graph.tensor(id).shape.str());
  }
  hash.add(static_cast<std::uint64_t>(images));
  hash.add(static_cast<std::uint64_t>(options.epochs));
  hash.add(static_cast<std::uint64_t>(options.batch));
  hash.add(static_cast<std::uint64_t>(options.optimizer));
  hash.add(static_cast<std::uint64_t>(options.schedule));
  hash.add(options.seed);
  const Augmentation& a = options.augmentation;
  for (const double value : {options.learning_rate,
                             options.decay_rate,
                             options.decay_epochs,
                             options.warmup_epochs,
                             options.momentum,
                             options.rms_decay,
                             options.rms_epsilon,
                             options.weight_decay,
                             options.label_smoothing,
                             options.ema_decay,
                             options.bn_momentum,
                             options.freeze_bn_from,
                             options.distill_weight,
                             options.distill_temperature,
                             static_cast<double>(a.flip),
                             static_cast<double>(a.shift_pixels),
                             a.crop_area_min,
                             static_cast<double>(a.cutout_pixels),
                             a.mixup_alpha,
                             static_cast<double>(a.randaugment_ops),
                             a.randaugment_magnitude})
    hash.add(value);
  if (transform) hash.add(transform->fingerprint());
  return hash.value();
}

std::vector<std::byte> encode(const Checkpoint& checkpoint) {
  ByteWriter body;
  body.put(checkpoint.fingerprint);
  body.put(checkpoint.epoch);
  body.put(checkpoint.batches);
  body.put(checkpoint.loss_sum);
  body.put(checkpoint.correct);
  body.put(checkpoint.seconds);
  body.put_array(std::span<const EpochRecord>(checkpoint.history));
  body.put_array(std::span<const std::byte>(checkpoint.backend));
  const std::vector<std::byte> bytes = body.take();
  ByteWriter file;
  file.put(kMagic);
  file.put(kVersion);
  file.put(crc_of(bytes));
  file.put_array(std::span<const std::byte>(bytes));
  return file.take();
}

Checkpoint decode(std::span<const std::byte> file, const std::string& name) {
  try {
    ByteReader header(file);
    if (header.get<std::array<char, 8>>() != kMagic) fail("it is no checkpoint of Atoll");
    if (const auto version = header.get<std::uint32_t>(); version != kVersion)
      fail("it has version {}, but this program reads version {}", version, kVersion);
    const auto crc = header.get<std::uint32_t>();
    const std::vector<std::byte> bytes = header.get_vector<std::byte>(file.size());
    if (!header.at_end()) fail("bytes follow its end");
    if (crc_of(bytes) != crc) fail("its checksum is wrong: the file is damaged");
    ByteReader body(bytes);
    Checkpoint checkpoint;
    checkpoint.fingerprint = body.get<std::uint64_t>();
    checkpoint.epoch = body.get<std::int64_t>();
    checkpoint.batches = body.get<std::int64_t>();
    checkpoint.loss_sum = body.get<double>();
    checkpoint.correct = body.get<std::int64_t>();
    checkpoint.seconds = body.get<double>();
    checkpoint.history = body.get_vector<EpochRecord>(bytes.size());
    checkpoint.backend = body.get_vector<std::byte>(bytes.size());
    if (!body.at_end()) fail("bytes follow its content");
    if (checkpoint.epoch < 0 || checkpoint.batches < 0) fail("it stands before the first epoch");
    return checkpoint;
  } catch (const Error& error) {
    fail("cannot resume from '{}': {}", name, error.what());
  }
}

}  // namespace Atoll::training
