#include "format/preprocessing_json.h"

#include <algorithm>

#include "atoll/error.h"
#include "format/json_object.h"

namespace Atoll::format {

nlohmann::ordered_json preprocessing_json(const Preprocessing& p) {
  return {{"mean", p.mean},
          {"std", p.std},
          {"resize", p.resize == Preprocessing::Resize::kBicubic ? "bicubic" : "bilinear"},
          {"crop_fraction", p.crop_fraction}};
}

Preprocessing read_preprocessing(const nlohmann::json& json) {
  JsonObject from(json, "preprocessing");
  Preprocessing p;
  p.mean = from.numbers("mean");
  p.std = from.numbers("std");
  const std::string resize = from.text("resize");
  if (resize != "bilinear" && resize != "bicubic")
    fail("preprocessing: \"resize\" is \"{}\", but should be one of bilinear, bicubic", resize);
  p.resize = resize == "bicubic" ? Preprocessing::Resize::kBicubic : Preprocessing::Resize::kBilinear;
  p.crop_fraction = static_cast<float>(from.number("crop_fraction"));
  from.finish();
  if (p.mean.empty() || p.std.empty() || std::any_of(p.std.begin(), p.std.end(), [](float s) { return s <= 0; }))
    fail("preprocessing: \"mean\" and \"std\" each need a value, and those of \"std\" must be positive");
  if (p.crop_fraction <= 0 || p.crop_fraction > 1)
    fail("preprocessing: \"crop_fraction\" is {}, but should be above 0 and at most 1", p.crop_fraction);
  return p;
}

}  // namespace Atoll::format
