// State dicts: the tensors that a pickle describes, gathered from the storages beside it.
#include <algorithm>
#include <cstring>
#include <functional>
#include <unordered_map>

#include "atoll/error.h"
#include "atoll/pytorch.h"
#include "base/float16.h"
#include "format/budget.h"
#include "format/limits.h"
#include "format/pytorch_archive.h"
#include "format/pytorch_pickle.h"

namespace Atoll {
namespace {

using format::Pickle;
using format::PickleId;
using format::PickleValue;
using Kind = PickleValue::Kind;

enum class Element { kFloat32, kFloat16, kBFloat16, kFloat64, kOther };

struct ElementType {
  std::string_view storage;  // torch's class
  Element element;
  std::size_t bytes;
};
constexpr ElementType kElementTypes[] = {
    {"FloatStorage", Element::kFloat32, 4},     {"HalfStorage", Element::kFloat16, 2},
    {"BFloat16Storage", Element::kBFloat16, 2}, {"DoubleStorage", Element::kFloat64, 8},
    {"LongStorage", Element::kOther, 8},        {"IntStorage", Element::kOther, 4},
    {"ShortStorage", Element::kOther, 2},       {"CharStorage", Element::kOther, 1},
    {"ByteStorage", Element::kOther, 1},        {"BoolStorage", Element::kOther, 1}};

template <typename T>
T load(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

float element_at(Element element, const std::byte* at) {
  switch (element) {
    case Element::kFloat16: return float_from_half(load<std::uint16_t>(at));
    case Element::kBFloat16: return float_from_bfloat16(load<std::uint16_t>(at));
    case Element::kFloat64: return static_cast<float>(load<double>(at));
    default: return load<float>(at);
  }
}

constexpr std::uint64_t kTensorBytes = 3 * sizeof(NamedTensor);  // while the vector of them grows

// The bytes of a storage by its key.
using Storages = std::function<std::span<const std::byte>(const std::string&)>;

class StateDict {
 public:
  StateDict(const Pickle& pickle, Storages storages, const std::string& file, format::Budget& budget)
      : pickle_(pickle), storages_(std::move(storages)), file_(file), budget_(budget) {}

  std::vector<NamedTensor> tensors() {
    const PickleValue& dict = find();
    std::vector<NamedTensor> found;
    for (std::size_t i = 0; i + 1 < dict.items.size(); i += 2) {
      const PickleValue &key = pickle_.at(dict.items[i]), &value = pickle_.at(dict.items[i + 1]);
      if (key.kind != Kind::kText || value.kind != Kind::kTensor) continue;
      budget_.charge(key.text.size());  // several keys may be the same text
      NamedTensor tensor{.name = std::string(key.text)};
      if (read(value, tensor)) found.push_back(std::move(tensor));
    }
    return found;
  }

 private:
  bool holds_tensors(const PickleValue& value) const {
    if (value.kind != Kind::kDict) return false;
    for (std::size_t i = 1; i < value.items.size(); i += 2)
      if (pickle_.at(value.items[i]).kind == Kind::kTensor) return true;
    return false;
  }

  // The dictionary of tensors itself, or inside a training checkpoint.
  const PickleValue& find() const {
    const PickleValue& top = pickle_.top();
    if (holds_tensors(top)) return top;
    for (const std::string_view wanted : {"state_dict_ema", "model_ema", "state_dict", "model"})
      for (std::size_t i = 0; top.kind == Kind::kDict && i + 1 < top.items.size(); i += 2)
        if (pickle_.at(top.items[i]).text == wanted && holds_tensors(pickle_.at(top.items[i + 1])))
          return pickle_.at(top.items[i + 1]);
    fail("'{}' holds no state dict: its pickle is no dictionary of tensors, nor is its 'state_dict' or 'model'", file_);
  }

  std::int64_t integer(PickleId id) const {
    const PickleValue& value = pickle_.at(id);
    if (value.kind != Kind::kInt || value.number < 0)
      fail("'{}' is malformed: a tensor's size is not a whole number", file_);
    return value.number;
  }

  // False for a tensor of integers.
  bool read(const PickleValue& value, NamedTensor& tensor) {
    const PickleValue& storage = pickle_.at(value.items[0]);
    if (storage.kind != Kind::kStorage || storage.items.size() < 5)
      fail("'{}' is malformed: tensor '{}' has no storage", file_, tensor.name);
    const std::string_view type_name = pickle_.at(storage.items[1]).name;
    const ElementType* type = nullptr;
    for (const ElementType& known : kElementTypes)
      if (known.storage == type_name) type = &known;
    if (type == nullptr) fail("'{}' has tensor '{}' of the unknown type '{}'", file_, tensor.name, type_name);
    if (type->element == Element::kOther) return false;

    const PickleValue &sizes = pickle_.at(value.items[2]), &strides = pickle_.at(value.items[3]);
    if (sizes.kind != Kind::kSequence || strides.kind != Kind::kSequence ||
        sizes.items.size() != strides.items.size() || sizes.items.size() > static_cast<std::size_t>(Shape::kMaxRank))
      fail("'{}' is malformed: tensor '{}' has sizes and strides that do not fit", file_, tensor.name);
    std::vector<std::int64_t> stride;
    for (std::size_t i = 0; i < sizes.items.size(); ++i) {
      tensor.shape.push_back(integer(sizes.items[i]));
      stride.push_back(integer(strides.items[i]));
    }
    format::check_shape(tensor.shape, tensor.name);
    const std::span<const std::byte> bytes = storages_(std::string(pickle_.at(storage.items[2]).text));
    const std::int64_t offset = integer(value.items[1]);
    check_reach(tensor, stride, offset, static_cast<std::int64_t>(bytes.size() / type->bytes));
    budget_.charge(static_cast<std::uint64_t>(tensor.shape.elements()) * sizeof(float) + kTensorBytes);
    gather(tensor, stride, bytes.data() + static_cast<std::size_t>(offset) * type->bytes, *type);
    return true;
  }

  // Every element must lie within the storage.
  void check_reach(const NamedTensor& tensor, const std::vector<std::int64_t>& stride, std::int64_t offset,
                   std::int64_t available) const {
    std::int64_t last = offset;
    bool fits = offset <= available;
    for (int i = 0; i < tensor.shape.rank() && fits; ++i) {
      const std::int64_t steps = tensor.shape[i] - 1, step = stride[static_cast<std::size_t>(i)];
      if (steps <= 0) continue;
      fits = step <= available / steps;
      if (fits) last += steps * step;
      fits = fits && last < available;
    }
    if (!fits || (tensor.shape.elements() > 0 && last >= available))
      fail("'{}' is malformed: tensor '{}' {} reaches beyond its storage of {} values", file_, tensor.name,
           tensor.shape.str(), available);
  }

  static void gather(NamedTensor& tensor, const std::vector<std::int64_t>& stride, const std::byte* start,
                     const ElementType& type) {
    const std::int64_t count = tensor.shape.elements();
    tensor.values.resize(static_cast<std::size_t>(count));
    for (std::int64_t i = 0; i < count; ++i) {
      std::int64_t rest = i, at = 0;
      for (int d = tensor.shape.rank(); d-- > 0; rest /= tensor.shape[d])
        at += rest % tensor.shape[d] * stride[static_cast<std::size_t>(d)];
      tensor.values[static_cast<std::size_t>(i)] =
          element_at(type.element, start + static_cast<std::size_t>(at) * type.bytes);
    }
  }

  const Pickle& pickle_;
  Storages storages_;
  const std::string& file_;
  format::Budget& budget_;
};

std::vector<NamedTensor> read_archive(std::span<const std::byte> file, const std::string& name) {
  format::Budget budget(name, file.size());
  const format::PytorchArchive archive(file, name, budget);
  const Pickle pickle = format::read_pickle(archive.entry("data.pkl"), name, budget);
  const auto storages = [&](const std::string& key) { return archive.entry("data/" + key); };
  return StateDict(pickle, storages, name, budget).tensors();
}

// Before PyTorch 1.6: pickles of a magic number, a version, the machine, the object and the storages' keys, then
// for each key the number of its elements and their bytes.
std::vector<NamedTensor> read_stream(std::span<const std::byte> file, const std::string& name) {
  constexpr std::string_view kMagic("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", 10);
  format::Budget budget(name, file.size());
  std::size_t at = 0;
  const auto next = [&] {
    Pickle pickle = format::read_pickle(file.subspan(at), name, budget);
    at += pickle.size;
    return pickle;
  };
  if (next().top().text != kMagic) fail("'{}' is no file of PyTorch weights: its magic number is another", name);
  next();  // version
  next();  // machine
  const Pickle object = next(), keys = next();

  std::unordered_map<std::string, std::size_t> element_bytes;  // by key
  for (const PickleValue& value : object.values) {
    if (value.kind != Kind::kStorage || value.items.size() < 5) continue;
    for (const ElementType& type : kElementTypes)
      if (type.storage == object.at(value.items[1]).name)
        budget.charge(kTensorBytes), element_bytes[std::string(object.at(value.items[2]).text)] = type.bytes;
  }
  std::unordered_map<std::string, std::span<const std::byte>> storages;
  for (const PickleId id : keys.top().items) {
    const std::string key(keys.at(id).text);
    const auto bytes = element_bytes.find(key);
    if (bytes == element_bytes.end()) fail("'{}' is malformed: nothing says the type of storage '{}'", name, key);
    if (file.size() - at < 8) fail("'{}' ends before storage '{}'", name, key);
    const auto count = load<std::uint64_t>(file.data() + at);
    at += 8;
    budget.charge(kTensorBytes);
    if (count > (file.size() - at) / bytes->second) fail("'{}' ends inside storage '{}'", name, key);
    storages[key] = file.subspan(at, static_cast<std::size_t>(count) * bytes->second);
    at += static_cast<std::size_t>(count) * bytes->second;
  }
  const auto find = [&](const std::string& key) {
    const auto found = storages.find(key);
    if (found == storages.end()) fail("'{}' is malformed: storage '{}' is missing", name, key);
    return found->second;
  };
  return StateDict(object, find, name, budget).tensors();
}

}  // namespace

std::vector<NamedTensor> read_pytorch_weights(std::span<const std::byte> file, const std::string& name) {
  std::vector<NamedTensor> tensors =
      format::PytorchArchive::recognises(file) ? read_archive(file, name) : read_stream(file, name);
  // Training on several devices puts a prefix before every name.
  static constexpr std::string_view kWrapped = "module.";
  if (std::all_of(tensors.begin(), tensors.end(), [](const auto& tensor) { return tensor.name.starts_with(kWrapped); }))
    for (NamedTensor& tensor : tensors) tensor.name.erase(0, kWrapped.size());
  return tensors;
}

}  // namespace Atoll
