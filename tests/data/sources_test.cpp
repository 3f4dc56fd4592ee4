// Every kind of data set, made here and opened; and what each refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/crc32c.h"
#include "fixtures.h"

namespace Atoll {
namespace {

using namespace fixtures;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of_opening(const std::string& data, Split split = Split::kTrain) {
  return error_of([&] { open_dataset(data, split); });
}

Bytes idx(std::initializer_list<int> dims, const std::vector<int>& values) {
  Bytes bytes = {std::byte{0}, std::byte{0}, std::byte{8}, static_cast<std::byte>(dims.size())};
  for (const int dim : dims)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::byte>(dim >> shift));
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

void write_idx(const Folder& folder) {
  folder.write("train-images-idx3-ubyte", idx({3, 1, 2}, {1, 2, 3, 4, 5, 6}));
  folder.write("train-labels-idx1-ubyte", idx({3}, {0, 1, 2}));
  folder.write("t10k-images-idx3-ubyte", idx({3, 1, 2}, {7, 8, 9, 10, 11, 12}));
  folder.write("t10k-labels-idx1-ubyte", idx({3}, {2, 1, 0}));
}

TEST(Idx, GivesPicturesLabelsAndNumberedClasses) {
  const Folder folder;
  write_idx(folder);
  const auto train = open_dataset("idx:" + folder.str(), Split::kTrain);
  const auto test = open_dataset("idx:" + folder.str(), Split::kTest);
  require_same_classes(*train, *test);
  EXPECT_EQ(train->size(), 3);
  EXPECT_THAT(train->image(1).pixels, ElementsAre(3, 4));
  EXPECT_EQ(test->label(0), 2);
  EXPECT_THAT(train->classes(), ElementsAre("0", "1", "2"));
  EXPECT_EQ(test->name(1), "test[1]");
}

TEST(Idx, ReadsPackedFiles) {
  const Folder folder;
  write_idx(folder);
  const Bytes plain = idx({3, 1, 2}, {1, 2, 3, 4, 5, 6});
  std::filesystem::remove(folder / "train-images-idx3-ubyte");
  gzFile file = gzopen((folder / "train-images-idx3-ubyte.gz").c_str(), "wb");
  gzwrite(file, plain.data(), static_cast<unsigned>(plain.size()));
  gzclose(file);
  EXPECT_THAT(open_dataset("idx:" + folder.str(), Split::kTrain)->image(2).pixels, ElementsAre(5, 6));
}

TEST(Idx, RefusesWrongFilesByName) {
  const Folder folder;
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("train-images-idx3-ubyte"));
  write_idx(folder);
  folder.write("train-images-idx3-ubyte", idx({3, 1, 2}, {1, 2, 3}));
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("should hold 6 values"));
  folder.write("train-images-idx3-ubyte", idx({2, 1, 2}, {1, 2, 3, 4}));
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("3 labels for the 2 images"));
  folder.write("train-images-idx3-ubyte", std::string("not an idx file"));
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("begins with 0x6e6f7420"));
  folder.write("train-images-idx3-ubyte", idx({0x7fffffff, 0x7fffffff, 0x7fffffff}, {1}));
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("claims more than"));
  survive_damage(
      idx({3, 1, 2}, {1, 2, 3, 4, 5, 6}),
      [&](const Bytes& bytes) {
        folder.write("train-images-idx3-ubyte", bytes);
        open_dataset("idx:" + folder.str(), Split::kTrain);
      },
      50);
}

TEST(Idx, RefusesAClassWithoutImages) {
  const Folder folder;
  write_idx(folder);
  folder.write("train-labels-idx1-ubyte", idx({3}, {0, 2, 2}));
  EXPECT_THAT(error_of_opening("idx:" + folder.str()), HasSubstr("no image of class '1'"));
}

TEST(FashionMnist, HasItsPublishedSizeAndClasses) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
    EXPECT_THAT(error_of_opening("fashion-mnist"), HasSubstr("apt-get install dataset-fashion-mnist"));
    GTEST_SKIP() << "the package dataset-fashion-mnist is not installed";
  }
  const auto train = open_dataset("fashion-mnist", Split::kTrain), test = open_dataset("fashion-mnist", Split::kTest);
  EXPECT_EQ(train->size(), 60000);
  EXPECT_EQ(test->size(), 10000);
  EXPECT_EQ(train->classes()[static_cast<std::size_t>(train->label(0))], "Ankle boot");  // as its README shows
  EXPECT_EQ(train->image(0).h, 28);
  EXPECT_EQ(train->image(0).c, 1);
}

void write_folder(const Folder& folder, const std::string& split, int per_class) {
  for (const std::string& name : {std::string("cat"), std::string("dog")})
    for (int i = 0; i < per_class; ++i)
      folder.write(split + name + "/" + std::to_string(i) + ".png", png(gradient(4 + i, 5, 3)));
}

TEST(ImageFolder, ReadsTrainAndTest) {
  const Folder folder;
  write_folder(folder, "train/", 3);
  write_folder(folder, "val/", 2);
  folder.write("train/cat/.hidden.png", std::string("x"));
  folder.write("train/cat/readme.txt", std::string("x"));
  const auto train = open_dataset("imagefolder:" + folder.str(), Split::kTrain);
  const auto test = open_dataset("imagefolder:" + folder.str(), Split::kTest);
  require_same_classes(*train, *test);
  EXPECT_EQ(train->size(), 6);
  EXPECT_EQ(test->size(), 4);
  EXPECT_THAT(train->classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(train->label(3), 1);
  EXPECT_EQ(train->image(4).pixels, gradient(5, 5, 3).pixels);
  EXPECT_THAT(train->name(4), HasSubstr("train/dog/1.png"));
}

TEST(ImageFolder, WithoutSplitsTakesEveryFifthOfEachClassAsTest) {
  const Folder folder;
  write_folder(folder, "", 10);
  const auto train = open_dataset("imagefolder:" + folder.str(), Split::kTrain);
  const auto test = open_dataset("imagefolder:" + folder.str(), Split::kTest);
  EXPECT_EQ(train->size(), 16);
  ASSERT_EQ(test->size(), 4);
  EXPECT_THAT(test->name(0), HasSubstr("cat/4.png"));
  EXPECT_THAT(test->name(3), HasSubstr("dog/9.png"));
}

TEST(ImageFolder, NamesWhatIsWrong) {
  const Folder folder;
  const std::string data = "imagefolder:" + folder.str();
  EXPECT_THAT(error_of_opening(data), HasSubstr("no folder of a class"));
  EXPECT_THAT(error_of_opening(data + "/none"), HasSubstr("is not a folder"));
  write_folder(folder, "train/", 5);
  EXPECT_THAT(error_of_opening(data, Split::kTest), HasSubstr("no 'test' or 'val'"));
  std::filesystem::create_directories(folder / "train/mouse");
  EXPECT_THAT(error_of_opening(data), HasSubstr("class 'mouse' is empty"));
}

TEST(ImageFolder, RefusesAnUndecodableImageOrSkipsItWhenAsked) {
  const Folder folder;
  write_folder(folder, "train/", 5);
  folder.write("train/dog/2.png", std::string("this is no picture"));
  const std::string data = "imagefolder:" + folder.str();
  EXPECT_THAT(error_of_opening(data), AllOf(HasSubstr("train/dog/2.png"), HasSubstr("cannot be decoded")));
  EXPECT_EQ(open_dataset(data, Split::kTrain, {.skip_bad = true})->size(), 9);

  // A whole header over a truncated body is found when the picture is read, or at once with skip_bad.
  Bytes truncated = png(gradient(40, 40, 3));
  truncated.resize(truncated.size() - 40);
  folder.write("train/dog/2.png", truncated);
  const auto lazy = open_dataset(data, Split::kTrain);
  EXPECT_THAT(error_of([&] { lazy->image(7); }), AllOf(HasSubstr("dog/2.png"), HasSubstr("cannot be decoded")));
  EXPECT_EQ(open_dataset(data, Split::kTrain, {.skip_bad = true})->size(), 9);
}

TEST(Classes, ThatDifferAreNamed) {
  const Folder a, b;
  write_folder(a, "train/", 1);
  write_folder(b, "train/", 1);
  b.write("train/mouse/0.png", png(gradient(3, 3, 1)));
  const auto two = open_dataset("imagefolder:" + a.str(), Split::kTrain);
  const auto three = open_dataset("imagefolder:" + b.str(), Split::kTrain);
  EXPECT_THAT(error_of([&] { require_same_classes(*two, *three); }), HasSubstr("test set has a class 'mouse'"));
  EXPECT_THAT(error_of([&] { require_same_classes(*three, *two); }), HasSubstr("training set has a class 'mouse'"));
}

Bytes cifar_batch(int images) {
  Bytes bytes;
  for (int i = 0; i < images; ++i) {
    bytes.push_back(static_cast<std::byte>(i % 10));
    for (int plane = 0; plane < 3; ++plane)
      for (int p = 0; p < 1024; ++p) bytes.push_back(static_cast<std::byte>(p == 0 ? 10 * plane + i : plane));
  }
  return bytes;
}

TEST(Cifar10, TurnsPlanesIntoPixels) {
  const Folder folder;
  folder.write("cifar-10-batches-bin/data_batch_1.bin", cifar_batch(10));
  folder.write("cifar-10-batches-bin/data_batch_2.bin", cifar_batch(10));
  folder.write("cifar-10-batches-bin/test_batch.bin", cifar_batch(10));
  folder.write("cifar-10-batches-bin/batches.meta.txt", std::string("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"));
  const auto train = open_dataset("cifar10:" + folder.str(), Split::kTrain);
  EXPECT_EQ(train->size(), 20);
  EXPECT_EQ(train->label(13), 3);
  EXPECT_EQ(train->classes()[3], "d");
  const Image image = train->image(13);
  EXPECT_THAT(std::vector<int>(image.pixels.begin(), image.pixels.begin() + 6), ElementsAre(3, 13, 23, 0, 1, 2));
  EXPECT_EQ(open_dataset("cifar10:" + folder.str(), Split::kTest)->size(), 10);
}

TEST(Cifar10, NamesWhatIsWrong) {
  const Folder folder;
  const std::string data = "cifar10:" + folder.str();
  EXPECT_THAT(error_of_opening(data), HasSubstr("no data_batch_*.bin"));
  EXPECT_THAT(error_of_opening(data, Split::kTest), HasSubstr("test_batch.bin"));
  Bytes bytes = cifar_batch(10);
  bytes.pop_back();
  folder.write("data_batch_1.bin", bytes);
  EXPECT_THAT(error_of_opening(data), HasSubstr("no multiple of 3073"));
  bytes = cifar_batch(10);
  bytes[0] = std::byte{99};
  folder.write("data_batch_1.bin", bytes);
  EXPECT_THAT(error_of_opening(data), HasSubstr("label 99"));
}

TEST(Csv, ReadsQuotedFieldsHeadersAndNumericClassesInOrder) {
  const Folder folder;
  folder.write("pictures/a,b.png", png(gradient(4, 4, 3)));
  folder.write("c.png", png(gradient(5, 4, 3)));
  folder.write("train.csv", std::string("path,label\r\n\"pictures/a,b.png\", 10\nc.png,9\n\n"));
  const std::string file = (folder / "train.csv").string();
  const auto data = open_dataset("csv:" + file + "," + file, Split::kTest);
  EXPECT_THAT(data->classes(), ElementsAre("9", "10"));
  EXPECT_EQ(data->label(0), 1);
  EXPECT_EQ(data->image(1).h, 5);
}

TEST(Csv, OfOneFileEveryFifthIsTheTestSplit) {
  const Folder folder;
  std::string lines;
  for (int i = 0; i < 10; ++i) {
    folder.write(std::to_string(i) + ".png", png(gradient(3, 3 + i, 1)));
    lines += std::to_string(i) + ".png," + (i < 5 ? "x" : "y") + "\n";
  }
  folder.write("all.csv", lines);
  EXPECT_EQ(open_dataset("csv:" + (folder / "all.csv").string(), Split::kTrain)->size(), 8);
  EXPECT_EQ(open_dataset("csv:" + (folder / "all.csv").string(), Split::kTest)->image(1).w, 12);
}

TEST(Csv, NamesTheLineThatIsWrong) {
  const Folder folder;
  const std::string file = (folder / "x.csv").string();
  EXPECT_THAT(error_of_opening("csv:" + file), HasSubstr("cannot read"));
  folder.write("x.csv", std::string(""));
  EXPECT_THAT(error_of_opening("csv:" + file), HasSubstr("lists no image"));
  folder.write("x.csv", std::string("path,label\nx.png\n"));
  EXPECT_THAT(error_of_opening("csv:" + file), HasSubstr("line 2"));
  folder.write("x.csv", std::string("gone.png,1\n"));
  EXPECT_THAT(error_of_opening("csv:" + file), HasSubstr("gone.png"));
  survive_damage(
      bytes_of(std::string("path,label\n\"a.png\",1\nb.png,2\n")),
      [&](const Bytes& bytes) {
        folder.write("x.csv", bytes);
        open_dataset("csv:" + file, Split::kTrain);
      },
      50);
}

// --- TFRecord, written by the format's description ---------------------------------------------------

Bytes field(int number, const Bytes& content) {
  Bytes bytes = {static_cast<std::byte>(number << 3 | 2)};
  std::size_t size = content.size();
  for (; size >= 0x80; size >>= 7) bytes.push_back(static_cast<std::byte>(size | 0x80));
  bytes.push_back(static_cast<std::byte>(size));
  bytes.insert(bytes.end(), content.begin(), content.end());
  return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes example(const Bytes& encoded, int label, const std::string& text) {
  const auto entry = [](const char* key, const Bytes& feature) {
    return field(1, field(1, bytes_of(std::string(key))) + field(2, feature));
  };
  const Bytes number = {std::byte{1 << 3}, static_cast<std::byte>(label)};
  return field(1, entry("image/encoded", field(1, field(1, encoded))) + entry("image/class/label", field(3, number)) +
                      entry("image/class/text", field(1, field(1, bytes_of(text)))));
}

Bytes record(const Bytes& content) {
  Bytes bytes;
  append_number(bytes, content.size(), 8);
  append_number(bytes, masked_crc32c(bytes), 4);
  bytes = bytes + content;
  append_number(bytes, masked_crc32c(content), 4);
  return bytes;
}

TEST(TfRecord, ReadsExamplesWhoseLabelsCountFromOne) {
  const Folder folder;
  folder.write("train-00000-of-00001",
               record(example(png(gradient(3, 4, 3)), 1, "cat")) + record(example(png(gradient(5, 4, 3)), 2, "dog")));
  folder.write("validation-00000-of-00001",
               record(example(png(gradient(6, 4, 3)), 2, "dog")) + record(example(png(gradient(7, 4, 3)), 1, "cat")));
  const auto train = open_dataset("tfrecord:" + folder.str(), Split::kTrain);
  const auto test = open_dataset("tfrecord:" + folder.str(), Split::kTest);
  require_same_classes(*train, *test);
  EXPECT_THAT(train->classes(), ElementsAre("cat", "dog"));
  EXPECT_EQ(train->label(1), 1);
  EXPECT_EQ(train->image(1).pixels, gradient(5, 4, 3).pixels);
  EXPECT_EQ(test->image(1).h, 7);
}

TEST(TfRecord, NamesADamagedRecordOrSkipsItWhenAsked) {
  const Folder folder;
  Bytes second = record(example(png(gradient(5, 4, 3)), 1, "b"));
  second[40] = second[40] ^ std::byte{1};
  folder.write("train", record(example(png(gradient(3, 4, 3)), 0, "a")) + second +
                            record(example(png(gradient(5, 4, 3)), 1, "b")));
  const std::string data = "tfrecord:" + folder.str();
  EXPECT_THAT(error_of_opening(data), AllOf(HasSubstr("train[1] is damaged"), HasSubstr("checksum")));
  EXPECT_EQ(open_dataset(data, Split::kTrain, {.skip_bad = true})->size(), 2);
}

TEST(TfRecord, SurvivesDamage) {
  const Folder folder;
  const Bytes good = record(example(png(gradient(3, 4, 3)), 0, "a")) + record(example(png(gradient(5, 4, 3)), 1, "b"));
  for (const bool skip : {false, true})
    survive_damage(
        good,
        [&](const Bytes& bytes) {
          folder.write("train", bytes);
          open_dataset("tfrecord:" + folder.str(), Split::kTrain, {.skip_bad = skip});
        },
        60);
  // Damage below an intact checksum reaches the message reader.
  survive_damage(
      example(png(gradient(3, 4, 3)), 0, "a"),
      [&](const Bytes& bytes) {
        folder.write("train", record(bytes));
        open_dataset("tfrecord:" + folder.str(), Split::kTrain);
      },
      150);
}

TEST(Open, SaysWhichKindsThereAre) {
  EXPECT_THAT(error_of_opening("mnist"), AllOf(HasSubstr("'mnist'"), HasSubstr("imagefolder:PATH")));
  EXPECT_THAT(error_of_opening("zip:x"), AllOf(HasSubstr("'zip'"), HasSubstr("imagefolder:PATH")));
  EXPECT_THAT(error_of_opening("idx:"), HasSubstr("names no path"));
}

}  // namespace
}  // namespace Atoll
