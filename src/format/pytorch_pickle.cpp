#include "format/pytorch_pickle.h"

#include <bit>
#include <cstring>
#include <unordered_map>

#include "atoll/error.h"

namespace Atoll::format {
namespace {

using Kind = PickleValue::Kind;
constexpr std::size_t kMaxValues = std::size_t{1} << 20;
constexpr std::size_t kMaxArguments = 16;  // of a call, so that repeating one costs little

// What vectors take at most for an element: while one grows, it has the old elements and room for twice as many.
constexpr std::uint64_t kGrowing = 3;
constexpr std::uint64_t kIdBytes = kGrowing * sizeof(PickleId);
constexpr std::uint64_t kValueBytes = kGrowing * sizeof(PickleValue) + kIdBytes;
constexpr std::uint64_t kReferenceBytes = 80;  // a node of the memo and its share of the buckets

// Opcodes, as in Python's pickletools.
enum : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kPop = '0',
  kPopMark = '1',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersonId = 'Q',
  kReduce = 'R',
  kBinString = 'T',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kEmptyList = ']',
  kEmptyTuple = ')',
  kProto = 0x80,
  kNewObject = 0x81,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kBinUnicode8 = 0x8d,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view file, Budget& budget)
      : bytes_(bytes), file_(file), budget_(budget) {}

  Pickle run() {
    while (true) {
      const auto op = std::to_integer<std::uint8_t>(take(1)[0]);
      if (op == kStop) break;
      step(op);
    }
    result_.root = pop();
    result_.size = at_;
    return std::move(result_);
  }

 private:
  [[noreturn]] void malformed(std::string_view what) const {
    fail("'{}' is not a pickle that can be read: {} at byte {}", file_, what, at_);
  }

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size() - at_) malformed("it ends too soon");
    const auto part = bytes_.subspan(at_, static_cast<std::size_t>(size));
    at_ += static_cast<std::size_t>(size);
    return part;
  }
  std::uint64_t number(std::size_t size) {  // little endian
    std::uint64_t value = 0;
    const auto part = take(size);
    for (std::size_t i = 0; i < size; ++i) value |= std::to_integer<std::uint64_t>(part[i]) << (8 * i);
    return value;
  }
  std::string_view text(std::uint64_t size) {
    const auto part = take(size);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }
  std::string_view line() {
    const char* const start = reinterpret_cast<const char*>(bytes_.data()) + at_;
    const void* const end = std::memchr(start, '\n', bytes_.size() - at_);
    if (end == nullptr) malformed("a line without end");
    const std::string_view found(start, static_cast<std::size_t>(static_cast<const char*>(end) - start));
    at_ += found.size() + 1;
    return found;
  }

  PickleValue& value(PickleId id) { return result_.values[id]; }
  void push(PickleValue value) {
    if (result_.values.size() >= kMaxValues) malformed("more than a million values");
    budget_.charge(kValueBytes + value.items.size() * kIdBytes);
    result_.values.push_back(std::move(value));
    stack_.push_back(static_cast<PickleId>(result_.values.size() - 1));
  }
  void push_number(Kind kind, std::int64_t number) { push({.kind = kind, .number = number}); }
  void push_text(std::string_view text) { push({.kind = Kind::kText, .text = text}); }

  // Below the last mark nothing can be taken.
  std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleId pop() {
    if (stack_.size() <= floor()) malformed("an empty stack");
    const PickleId id = stack_.back();
    stack_.pop_back();
    return id;
  }
  PickleId top() const {
    if (stack_.size() <= floor()) malformed("an empty stack");
    return stack_.back();
  }
  std::vector<PickleId> pop_to_mark() {
    if (marks_.empty()) malformed("no mark");
    const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleId> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
  }
  void push_tuple(std::size_t size) {
    std::vector<PickleId> items(size);
    for (std::size_t i = size; i-- > 0;) items[i] = pop();
    push({.kind = Kind::kSequence, .items = std::move(items)});
  }

  void add_items(Kind kind, const std::vector<PickleId>& items) {
    PickleValue& target = value(top());
    if (target.kind != kind || (kind == Kind::kDict && items.size() % 2 != 0)) malformed("items for another container");
    budget_.charge(items.size() * kIdBytes);
    target.items.insert(target.items.end(), items.begin(), items.end());
  }

  void get(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) malformed("an unknown reference");
    budget_.charge(kIdBytes);
    stack_.push_back(found->second);
    if (stack_.size() > kMaxValues) malformed("more than a million values");
  }
  void put(std::uint64_t index) {
    if (memo_.size() >= kMaxValues) malformed("more than a million references");
    budget_.charge(kReferenceBytes);
    memo_[index] = top();
  }

  void persistent() {
    const PickleId id = pop();
    if (value(id).items.size() > kMaxArguments) malformed("a persistent object of too many parts");
    PickleValue parts = value(id);
    if (parts.kind != Kind::kSequence || parts.items.empty() || value(parts.items[0]).text != "storage")
      malformed("a persistent object that is no storage");
    parts.kind = Kind::kStorage;
    push(std::move(parts));
  }

  // What torch.save lets Python call to make its values; everything else is refused.
  void reduce() {
    const PickleId arguments_id = pop(), function_id = pop();
    if (value(arguments_id).items.size() > kMaxArguments) malformed("a call with too many arguments");
    const PickleValue function = value(function_id), arguments = value(arguments_id);
    if (function.kind != Kind::kGlobal || arguments.kind != Kind::kSequence) malformed("a call of no function");
    const auto is = [&](std::string_view module, std::string_view name) {
      return function.text == module && function.name == name;
    };
    const std::vector<PickleId>& items = arguments.items;
    if (is("collections", "OrderedDict") && items.empty()) {
      push({.kind = Kind::kDict});
    } else if (is("torch", "Size") && items.size() == 1) {
      stack_.push_back(items[0]);
    } else if (is("torch._utils", "_rebuild_tensor_v2") && items.size() >= 4) {
      push({.kind = Kind::kTensor, .items = {items[0], items[1], items[2], items[3]}});
    } else if (is("torch._utils", "_rebuild_parameter") && !items.empty()) {
      stack_.push_back(items[0]);
    } else {
      fail("'{}' asks to call {}.{} with {} arguments; Atoll reads tensors and executes nothing", file_, function.text,
           function.name, items.size());
    }
  }

  // The attributes of an ordered dictionary (its version numbers) do not matter; other objects have no place here.
  void build() {
    pop();
    if (value(top()).kind != Kind::kDict) malformed("attributes of an unknown object");
  }

  void step(std::uint8_t op) {
    switch (op) {
      case kProto: take(1); break;
      case kFrame: take(8); break;
      case kMark:
        budget_.charge(kGrowing * sizeof(std::size_t));
        marks_.push_back(stack_.size());
        break;
      case kPop: pop(); break;
      case kPopMark: pop_to_mark(); break;
      case kNone: push({}); break;
      case kNewTrue: push_number(Kind::kBool, 1); break;
      case kNewFalse: push_number(Kind::kBool, 0); break;
      case kBinInt: push_number(Kind::kInt, static_cast<std::int32_t>(number(4))); break;
      case kBinInt1: push_number(Kind::kInt, static_cast<std::int64_t>(number(1))); break;
      case kBinInt2: push_number(Kind::kInt, static_cast<std::int64_t>(number(2))); break;
      case kLong1: push_long(); break;
      case kBinFloat: push_float(); break;
      case kBinUnicode:
      case kBinString: push_text(text(number(4))); break;
      case kShortBinString:
      case kShortBinUnicode: push_text(text(number(1))); break;
      case kBinUnicode8: push_text(text(number(8))); break;
      case kEmptyTuple:
      case kEmptyList: push({.kind = Kind::kSequence}); break;
      case kEmptyDict: push({.kind = Kind::kDict}); break;
      case kTuple: push({.kind = Kind::kSequence, .items = pop_to_mark()}); break;
      case kTuple1: push_tuple(1); break;
      case kTuple2: push_tuple(2); break;
      case kTuple3: push_tuple(3); break;
      case kAppend: add_items(Kind::kSequence, {pop()}); break;
      case kAppends: add_items(Kind::kSequence, pop_to_mark()); break;
      case kSetItem: {
        const PickleId second = pop(), first = pop();
        add_items(Kind::kDict, {first, second});
        break;
      }
      case kSetItems: add_items(Kind::kDict, pop_to_mark()); break;
      case kBinPut: put(number(1)); break;
      case kLongBinPut: put(number(4)); break;
      case kMemoize: put(memo_.size()); break;
      case kBinGet: get(number(1)); break;
      case kLongBinGet: get(number(4)); break;
      case kGlobal: {
        const std::string_view module = line();
        push({.kind = Kind::kGlobal, .text = module, .name = line()});
        break;
      }
      case kStackGlobal: {
        const PickleValue name = value(pop()), module = value(pop());
        if (name.kind != Kind::kText || module.kind != Kind::kText) malformed("a global without a name");
        push({.kind = Kind::kGlobal, .text = module.text, .name = name.text});
        break;
      }
      case kBinPersonId: persistent(); break;
      case kNewObject:
      case kReduce: reduce(); break;
      case kBuild: build(); break;
      default: malformed(fmt::format("the unknown opcode {:#04x}", op));
    }
  }

  void push_long() {
    const auto size = static_cast<std::size_t>(number(1));
    if (size > 8) return push({.kind = Kind::kBigInt, .text = text(size)});
    const std::uint64_t bits = number(size);
    const unsigned unused = static_cast<unsigned>(64 - 8 * size);
    push_number(Kind::kInt, size == 0 ? 0 : static_cast<std::int64_t>(bits << unused) >> unused);
  }
  void push_float() {  // big endian
    std::uint64_t bits = 0;
    for (const std::byte byte : take(8)) bits = bits << 8 | std::to_integer<std::uint64_t>(byte);
    push({.kind = Kind::kFloat, .real = std::bit_cast<double>(bits)});
  }

  std::span<const std::byte> bytes_;
  std::string_view file_;
  Budget& budget_;
  std::size_t at_ = 0;
  Pickle result_;
  std::vector<PickleId> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleId> memo_;
};

}  // namespace

Pickle read_pickle(std::span<const std::byte> bytes, std::string_view file, Budget& budget) {
  return Machine(bytes, file, budget).run();
}

}  // namespace Atoll::format
