#include "format/onnx/external_data.h"

#include <charconv>
#include <fstream>

#include "atoll/error.h"

namespace Atoll::format {
namespace {

namespace fs = std::filesystem;

std::uint64_t number(const std::string& tensor, const std::map<std::string, std::string>& entries,
                     const std::string& key, std::uint64_t otherwise) {
  const auto found = entries.find(key);
  if (found == entries.end()) return otherwise;
  const std::string& text = found->second;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty())
    fail("the {} of the external values of '{}' is '{}', but should be a count of bytes", key, tensor, text);
  return value;
}

}  // namespace

fs::path ExternalData::resolve(const std::string& tensor, const std::string& location) const {
  if (folder_.empty())
    fail("the values of '{}' are in the file '{}', but the model was not read from a folder", tensor, location);
  std::error_code error;
  const fs::path folder = fs::canonical(folder_, error);
  if (error) fail("the folder '{}' of the model cannot be read: {}", folder_.string(), error.message());
  const fs::path named(location);
  const auto outside = [&]() {
    fail("the values of '{}' are in '{}', which is outside of the model's folder", tensor, location);
  };
  if (location.empty() || named.is_absolute() || location.find('\0') != std::string::npos) outside();
  for (const fs::path& part : named)
    if (part == "..") outside();
  const fs::path path = fs::canonical(folder / named, error);  // follows links
  if (error) fail("the values of '{}' are in '{}', which cannot be read: {}", tensor, location, error.message());
  if (!fs::is_regular_file(path, error)) fail("the values of '{}' are in '{}', which is no file", tensor, location);
  const fs::path relative = path.lexically_relative(folder);
  if (relative.empty() || *relative.begin() == "..") outside();
  return path;
}

std::vector<std::byte> ExternalData::read(const std::string& tensor, const std::map<std::string, std::string>& entries,
                                          std::uint64_t bytes) {
  const auto location = entries.find("location");
  const fs::path path = resolve(tensor, location == entries.end() ? "" : location->second);
  std::error_code error;
  const auto [file, is_new] = sizes_.try_emplace(path, fs::file_size(path, error));
  if (error) fail("the values of '{}' are in '{}', which cannot be read", tensor, path.filename().string());
  if (is_new) budget_.grow(file->second);
  const std::uint64_t offset = number(tensor, entries, "offset", 0), length = number(tensor, entries, "length", bytes);
  if (length != bytes)
    fail("the external values of '{}' are {} bytes, but its shape asks for {}", tensor, length, bytes);
  if (offset > file->second || bytes > file->second - offset)
    fail("the values of '{}' end behind the end of '{}' of {} bytes", tensor, path.filename().string(), file->second);
  budget_.charge(bytes);
  std::vector<std::byte> values(static_cast<std::size_t>(bytes));
  std::ifstream stream(path, std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size()));
  if (!stream) fail("the values of '{}' cannot be read from '{}'", tensor, path.filename().string());
  return values;
}

}  // namespace Atoll::format
