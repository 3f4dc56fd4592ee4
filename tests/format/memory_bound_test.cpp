// What readers take at most, counted at operator new: files made to unfold stay within the multiples of their size that
// docs/formats.md states, and so do good ones.
#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <new>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/pytorch.h"
#include "atoll/weights.h"
#include "format/networks.h"

namespace {
// Of the thread that measures; every block of memory by its true size.
thread_local std::size_t live = 0, most = 0;

void* counted(std::size_t size, const std::nothrow_t&) noexcept {
  void* const block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) return nullptr;
  live += malloc_usable_size(block);
  most = std::max(most, live);
  return block;
}
void* counted(std::size_t size) {
  void* const block = counted(size, std::nothrow);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void freed(void* block) noexcept {
  if (block != nullptr) live -= malloc_usable_size(block);
  std::free(block);
}
}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t& no) noexcept { return counted(size, no); }
void* operator new[](std::size_t size, const std::nothrow_t& no) noexcept { return counted(size, no); }
void operator delete(void* block) noexcept { freed(block); }
void operator delete[](void* block) noexcept { freed(block); }
void operator delete(void* block, std::size_t) noexcept { freed(block); }
void operator delete[](void* block, std::size_t) noexcept { freed(block); }

namespace Atoll {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

template <typename Read>
std::size_t bytes_taken(Read&& read) {
  const std::size_t before = live;
  most = live;
  try {
    read();
  } catch (const Error&) {  // a refusal is an answer too
  }
  return most - before;
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

std::string repeated(std::string_view text, std::size_t bytes) {
  std::string result;
  while (result.size() < bytes) result += text;
  return result;
}

std::vector<std::byte> safetensors_with_header(const std::string& header) {
  std::vector<std::byte> file;
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<std::byte>(header.size() >> (8 * i)));
  const auto text = bytes_of(header);
  file.insert(file.end(), text.begin(), text.end());
  return file;
}

// JSON whose values take the most for their letters.
std::vector<std::string> swollen_json(std::size_t bytes) {
  return {std::string(bytes, '['),
          "[" + repeated("{},", bytes) + "0]",
          "[" + repeated("[],", bytes) + "0]",
          "[" + repeated("\"\",", bytes) + "0]",
          "[" + repeated("0,", bytes) + "0]",
          "[" + repeated("{\"\":{}},", bytes) + "0]",
          "[" + repeated(std::string(40, '[') + std::string(40, ']') + ",", bytes) + "0]"};
}

TEST(MemoryBound, OfJsonIsSixtyFourTimesItsText) {
  for (const std::string& json : swollen_json(2 * kMiB)) {
    SCOPED_TRACE(json.substr(0, 20));
    EXPECT_LE(bytes_taken([&] { read_architecture(json, "swollen"); }), 64 * json.size() + 4 * kMiB);
    const std::vector<std::byte> file = safetensors_with_header(json);
    EXPECT_LE(bytes_taken([&] { read_safetensors(file, "swollen"); }), 64 * file.size() + 4 * kMiB);
  }
}

// Pickles of one-byte opcodes that each make a value, a mark, a reference or an item.
TEST(MemoryBound, OfPytorchIsSixteenTimesTheFile) {
  const std::string start("\x80\x02", 2);
  for (const char* body :
       {"N", "(", "]", "}", "N\x94", "Nq\1h\1", "\x88\x88\x86", "]N\x61", "}NNs", ")", "K\1K\2\x86"}) {
    SCOPED_TRACE(body);
    const auto file = bytes_of(start + repeated(body, kMiB) + ".");
    EXPECT_LE(bytes_taken([&] { read_pytorch_weights(file, "swollen"); }), 16 * file.size() + 4 * kMiB);
  }
  const auto list = bytes_of(start + "](" + repeated("N", kMiB) + "e.");
  EXPECT_LE(bytes_taken([&] { read_pytorch_weights(list, "swollen"); }), 16 * list.size() + 4 * kMiB);
}

TEST(MemoryBound, HoldsForGoodFilesOfEveryKind) {
  const Graph graph = format_test::classifier();
  const auto bound = [](const std::vector<std::byte>& file) { return 16 * file.size() + 4 * kMiB; };
  const auto tflite = write_tflite(graph), onnx = write_onnx(graph), safetensors = write_safetensors(graph);
  EXPECT_LE(bytes_taken([&] { read_tflite(tflite, "good"); }), bound(tflite));
  EXPECT_LE(bytes_taken([&] { read_onnx(onnx, "good"); }), bound(onnx));
  EXPECT_LE(bytes_taken([&] { read_safetensors(safetensors, "good"); }), bound(safetensors));
  // And it is counted at all: the values of the network are among what was taken.
  EXPECT_GE(bytes_taken([&] { read_tflite(tflite, "good"); }), static_cast<std::size_t>(cost_of(graph).weight_bytes));
}

}  // namespace
}  // namespace Atoll
