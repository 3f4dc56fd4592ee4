// Weights that others trained give the answers that their own framework gives.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <thread>

#include "atoll/error.h"
#include "atoll/model.h"
#include "atoll/pull.h"
#include "atoll/runtime.h"
#include "error_of.h"
#include "format/checkpoint_files.h"
#include "format/edgetpu_variables.h"
#include "format/tar_files.h"
#include "temporary_folder.h"

namespace Atoll {
namespace {

using testing::HasSubstr;

// A cache of its own, so that the test pulls; kept between runs where the user says where.
std::filesystem::path cache_folder() {
  const char* const kept = std::getenv("ATOLL_TEST_CACHE");
  return kept ? kept : std::filesystem::temp_directory_path() / ("atoll_pull_" + std::to_string(::getpid()));
}

TEST(PulledWeights, AgreeWithPyTorchOnEfficientNetLite0) {
  const std::filesystem::path cache = cache_folder();
  std::filesystem::path file;
  try {
    file = pull_model("efficientnet-lite0", {.cache = cache}).file;
  } catch (const Error& error) {
    GTEST_SKIP() << error.what();
  }
  const Graph graph = load_model(file.string());
  EXPECT_EQ(graph.labels.at(753), "radiator");
  EXPECT_EQ(graph.preprocessing, (Preprocessing{.mean = {127}, .std = {128}, .crop_fraction = 0.875f}));

  Session session(graph);
  std::vector<float> wave(224 * 224 * 3);
  for (std::size_t i = 0; i < wave.size(); ++i) wave[i] = static_cast<float>(std::sin(0.05 * static_cast<double>(i)));
  session.set_input(wave);
  session.run();
  const std::vector<float> scores = session.output_values();
  // PyTorch 2.15 with efficientnet-lite-pytorch 0.1.0 and the same weights, softmax of its logits.
  EXPECT_NEAR(scores.at(753), 0.064827614f, 1e-5);
  EXPECT_NEAR(scores.at(904), 0.050784130f, 1e-5);
  EXPECT_NEAR(scores.at(626), 0.021481944f, 1e-5);
  EXPECT_NEAR(scores.at(549), 0.017919308f, 1e-5);
  EXPECT_NEAR(scores.at(632), 0.017774627f, 1e-5);
  EXPECT_NEAR(scores.at(539), 0.015329297f, 1e-5);
  if (std::getenv("ATOLL_TEST_CACHE") == nullptr) std::filesystem::remove_all(cache);
}

// Answers each request on a loopback port with what lies at the path, or with 404.
class Server {
 public:
  explicit Server(std::map<std::string, std::string> files) : files_(std::move(files)) {
    listening_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    if (::bind(listening_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listening_, 4) != 0 ||
        ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no loopback port");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  void serve() const {
    for (int client = 0; (client = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(client)) {
      std::string request(4096, 0);
      request.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(client, request.data(), request.size()))));
      const auto found = files_.find(request.substr(4, request.find(' ', 4) - 4));  // GET /path HTTP/1.1
      const bool known = found != files_.end();
      const std::string body = known ? found->second : "";
      const std::string answer = std::string(known ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found") +
                                 "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                                 "\r\n\r\n" + body;
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t more = ::send(client, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (more <= 0) break;
        sent += static_cast<std::size_t>(more);
      }
    }
  }

  std::map<std::string, std::string> files_;
  int listening_ = -1;
  int port_ = 0;
  std::thread thread_;
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr const char* kArchive = "/efficientnet/efficientnet-edgetpu-S.tar.gz";

TEST(PulledCheckpoint, BecomesALabelledModel) {
  const TemporaryFolder cache;
  const format_test::CheckpointFiles files = format_test::checkpoint_of(format_test::edgetpu_s().tensors);
  const std::string folder = "efficientnet-edgetpu-S/";
  const auto tar = format_test::tar_of({{folder + "checkpoint", "model_checkpoint_path: \"model.ckpt\"\n"},
                                        {folder + "model.ckpt.data-00000-of-00001", text_of(files.data)},
                                        {folder + "model.ckpt.index", text_of(files.index)},
                                        {folder + "model.ckpt.meta", "graph"}});
  // As it is: weights drawn for a test pack better than any that were trained.
  const Server server({{kArchive, text_of(format_test::gzip_of(tar, Z_NO_COMPRESSION))}});
  const PullOptions options{.cache = cache.path(), .archives = server.url()};
  const PulledModel pulled = pull_model("efficientnet-edgetpu-s", options);
  EXPECT_FALSE(pulled.cached);
  const Graph graph = load_model(pulled.file.string());
  EXPECT_EQ(graph.labels.size(), 1001u);
  EXPECT_EQ(graph.labels[0], "background");
  EXPECT_EQ(graph.labels[1], "tench");
  EXPECT_EQ(graph.preprocessing->mean, std::vector<float>{127});
  EXPECT_EQ(cost_of(graph).macs, cost_of(build_zoo_model("efficientnet-edgetpu-s-2019")).macs);
  EXPECT_TRUE(pull_model("efficientnet-edgetpu-s", options).cached);
  for (const auto& entry : std::filesystem::directory_iterator(cache.path()))
    EXPECT_EQ(entry.path(), pulled.file) << "the cache holds the model alone";
}

TEST(PulledCheckpoint, ThatIsNotThereOrNoArchiveIsRefused) {
  const TemporaryFolder cache;
  const auto refusal = [&](const std::string& body, bool there = true) {
    const Server server({{there ? kArchive : "/elsewhere", body}});
    return error_of([&] { pull_model("efficientnet-edgetpu-s", {.cache = cache.path(), .archives = server.url()}); });
  };
  EXPECT_THAT(refusal("", false), HasSubstr("cannot be downloaded: curl: (22)"));
  EXPECT_THAT(refusal("<html>no</html>"), HasSubstr("is no gzip archive"));
  EXPECT_THAT(refusal(text_of(format_test::gzip_of(format_test::tar_of({{"a", "b"}})))),
              HasSubstr("holds no TensorFlow checkpoint"));
  EXPECT_THAT(refusal(text_of(format_test::gzip_of(std::vector<std::byte>(64 << 20)))),
              HasSubstr("unfolds to more than 16 times"));
  // A port where nobody listens.
  std::string gone;
  { gone = Server({}).url(); }
  EXPECT_THAT(error_of([&] { pull_model("efficientnet-edgetpu-s", {.cache = cache.path(), .archives = gone}); }),
              HasSubstr("cannot be downloaded: curl: (7)"));
  EXPECT_TRUE(std::filesystem::is_empty(cache.path()));
}

TEST(PulledWeights, AreRefusedByNameWhereNobodyPublishesThem) {
  EXPECT_THROW(pull_model("vgg16", {.cache = std::filesystem::temp_directory_path()}), Error);
}

}  // namespace
}  // namespace Atoll
