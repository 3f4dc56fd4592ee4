#include <filesystem>
#include <nlohmann/json.hpp>

#include "atoll/error.h"
#include "atoll/worker.h"
#include "format/json_nesting.h"
#include "format/json_object.h"

namespace Atoll {
namespace {

constexpr int kTaskVersion = 1;

constexpr auto kEachField = [](auto& task, auto field) {
  field("data", task.data);
  field("images", task.images);
  field("classes_hash", task.classes_hash);
  field("target", task.target);
  field("space", task.space);
  field("space_table", task.size.table);
  field("h", task.size.h);
  field("w", task.size.w);
  field("channels", task.size.channels);
  field("classes", task.size.classes);
  field("proxy_images", task.proxy.images);
  field("proxy_validation", task.proxy.validation);
  field("proxy_seed", task.proxy.seed);
  field("proxy_h", task.proxy.h);
  field("proxy_w", task.proxy.w);
  auto& s = task.proxy.schedule;
  field("epochs", s.epochs);
  field("batch", s.batch);
  field("optimizer", s.optimizer);
  field("learning_rate", s.learning_rate);
  field("schedule", s.schedule);
  field("decay_rate", s.decay_rate);
  field("decay_epochs", s.decay_epochs);
  field("warmup_epochs", s.warmup_epochs);
  field("momentum", s.momentum);
  field("rms_decay", s.rms_decay);
  field("rms_epsilon", s.rms_epsilon);
  field("weight_decay", s.weight_decay);
  field("label_smoothing", s.label_smoothing);
  field("ema_decay", s.ema_decay);
  field("bn_momentum", s.bn_momentum);
  field("freeze_bn_from", s.freeze_bn_from);
  field("threads", s.threads);
  field("loader_threads", s.loader_threads);
  auto& a = s.augmentation;
  field("flip", a.flip);
  field("shift_pixels", a.shift_pixels);
  field("crop_area_min", a.crop_area_min);
  field("cutout_pixels", a.cutout_pixels);
  field("mixup_alpha", a.mixup_alpha);
  field("randaugment_ops", a.randaugment_ops);
  field("randaugment_magnitude", a.randaugment_magnitude);
};

std::uint64_t hash_of(const std::vector<std::string>& classes) {
  std::uint64_t hash = 0;
  for (const std::string& name : classes)
    for (const char letter : name + "\n") hash = mix(hash, static_cast<unsigned char>(letter));
  return hash;
}

void require_sane(const SearchTask& task, const std::string& place) {
  const TrainOptions& s = task.proxy.schedule;
  if (s.epochs < 1 || s.batch < 1 || s.threads < 0 || s.loader_threads < 1 || task.proxy.h < 0 || task.proxy.w < 0)
    fail("{} cannot be carried out: {} epochs of batches of {} with {} threads and {} loader threads", place, s.epochs,
         s.batch, s.threads, s.loader_threads);
}

}  // namespace

std::string to_json(const SearchTask& task) {
  nlohmann::json json = format::json_of(task, kEachField);
  json["version"] = kTaskVersion;
  return json.dump();
}

SearchTask read_task(const std::string& text, const std::string& store) {
  const std::string place = fmt::format("the task of trial store '{}'", store);
  if (text.empty()) fail("trial store '{}' says nothing to workers: only `atoll search` writes such stores", store);
  format::check_nesting(text, place);
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) fail("{} is not JSON", place);
  format::JsonObject object(json, place);
  if (const std::int64_t version = object.integer("version", 0, 1 << 30); version != kTaskVersion)
    fail("{} has version {}, but this program reads version {}", place, version, kTaskVersion);
  auto task = format::record_of<SearchTask>(object, kEachField);
  object.finish();
  require_sane(task, place);
  return task;
}

void note_data(SearchTask& task, const Dataset& data) {
  task.images = data.size();
  task.classes_hash = hash_of(data.classes());
}

void require_data(const SearchTask& task, const Dataset& data) {
  if (data.size() != task.images)
    fail("data set '{}' has {} training images here, but {} where the search runs", task.data, data.size(),
         task.images);
  if (hash_of(data.classes()) != task.classes_hash)
    fail("data set '{}' has other classes here than where the search runs", task.data);
}

std::string absolute_reference(const std::string& data) {
  const std::size_t colon = data.find(':');
  if (colon == std::string::npos) return data;
  std::string reference = data.substr(0, colon + 1);
  const bool list = data.starts_with("csv:");
  for (std::size_t at = colon + 1; at <= data.size();) {
    const std::size_t end = std::min(list ? data.find(',', at) : data.size(), data.size());
    reference += (at > colon + 1 ? "," : "") + std::filesystem::absolute(data.substr(at, end - at)).string();
    at = end + 1;
  }
  return reference;
}

}  // namespace Atoll
