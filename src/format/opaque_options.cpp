#include "format/opaque_options.h"

#include <optional>

#include "format/tflite_generated.h"

namespace Atoll::opaque_options {
namespace {

// Where in the op's bytes the field lies; nothing where there is none.
std::optional<std::size_t> place_of(const Opaque& op, int index, std::size_t bytes) {
  if (op.type.starts_with("CUSTOM:")) return std::nullopt;
  flatbuffers::Verifier verifier(op.options.data(), op.options.size());
  if (!verifier.VerifyBuffer<tflite::Operator>(nullptr)) return std::nullopt;
  const auto* options = static_cast<const flatbuffers::Table*>(
      flatbuffers::GetRoot<tflite::Operator>(op.options.data())->builtin_options());
  if (options == nullptr || !options->VerifyTableStart(verifier)) return std::nullopt;
  const std::uint8_t* field = options->GetAddressOf(static_cast<flatbuffers::voffset_t>(4 + 2 * index));
  if (field == nullptr) return std::nullopt;
  const auto at = static_cast<std::size_t>(field - op.options.data());
  return at + bytes <= op.options.size() ? std::optional(at) : std::nullopt;
}

}  // namespace

std::int64_t number(const Opaque& op, int index, std::size_t bytes, std::int64_t missing) {
  const std::optional<std::size_t> at = place_of(op, index, bytes);
  if (!at) return missing;
  const std::uint8_t* value = op.options.data() + *at;
  switch (bytes) {
    case 1: return flatbuffers::ReadScalar<std::int8_t>(value);
    case 2: return flatbuffers::ReadScalar<std::int16_t>(value);
    case 4: return flatbuffers::ReadScalar<std::int32_t>(value);
    default: return missing;
  }
}

bool set_byte(Opaque& op, int index, std::int8_t value) {
  const std::optional<std::size_t> at = place_of(op, index, 1);
  if (!at) return false;
  op.options[*at] = static_cast<std::uint8_t>(value);
  return true;
}

}  // namespace Atoll::opaque_options
