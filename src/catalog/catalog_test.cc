// The list, the folder, names and removal; and the sum that verifies it all.
#include "catalog/catalog.h"

#include <fcntl.h>
#include <sys/file.h>

#include <set>

#include "catalog/test_fixture.h"

namespace helicon::catalog {
namespace {

namespace fs = std::filesystem;

// Test vectors of FIPS 180-4's companion page (NIST, "SHA-256 examples"), and the empty message.
TEST(Sha256Test, KnownSums) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PiecesGiveTheSumOfTheWholeAndASecondSumStartsAnew) {
  Sha256 sum;
  for (int i = 0; i < 1000; ++i) {
    const std::string thousand(1000, 'a');
    sum.add(std::as_bytes(std::span(thousand)));
  }
  EXPECT_EQ(sum.finish(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  EXPECT_EQ(sum.finish(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(KnownModelsTest, FactsAreWellFormed) {
  std::set<std::string> names;
  for (const Entry& entry : known_models()) {
    SCOPED_TRACE(entry.name);
    EXPECT_TRUE(names.insert(entry.name).second) << "twice";
    EXPECT_FALSE(entry.title.empty() || entry.architecture.empty() || entry.licence.empty());
    EXPECT_GT(entry.context, 0);
    ASSERT_FALSE(entry.sources.empty());
    EXPECT_TRUE(entry.sha256.empty() || entry.sha256.size() == 64);
    EXPECT_EQ(entry.sha256.find_first_not_of("0123456789abcdef"), std::string::npos);
  }
}

TEST(KnownModelsTest, PackagesAddUpToTheModel) {
  for (const Entry& entry : known_models()) {
    for (const Source& source : entry.sources) {
      const auto* packages = std::get_if<PackageSource>(&source);
      if (packages == nullptr) continue;
      std::uint64_t bytes = 0;
      std::set<std::string> members;
      for (const PackagePart& part : packages->parts) {
        bytes += part.bytes;
        EXPECT_TRUE(members.insert(part.member).second) << part.member;
      }
      EXPECT_EQ(bytes, entry.bytes) << entry.name;
    }
  }
}

TEST(KnownModelsTest, TheDefaultCanBePulledAndTalkedTo) {
  Options options;
  options.entries = known_models();
  const Catalog catalog(options);
  const Entry* entry = catalog.find(default_model());
  ASSERT_NE(entry, nullptr);
  EXPECT_TRUE(entry->chat);
  EXPECT_FALSE(entry->sha256.empty());
}

class CatalogTest : public CatalogFixture {
 protected:
  Catalog catalog() const { return Catalog(options({AddressSource{"http://127.0.0.1:1/"}})); }
};

TEST_F(CatalogTest, AFolderThatIsNotThereHoldsNothing) {
  fs::remove(models_);
  const auto installed = catalog().installed();
  ASSERT_TRUE(installed.ok());
  EXPECT_TRUE(installed->empty());
}

TEST_F(CatalogTest, ListsPulledModelsAndTheUsersOwn) {
  write_file(target(), model_);
  write_file(models_ / "mine.gguf", "GGUF");
  write_file(models_ / "other.gguf.partial", "half");
  write_file(models_ / "notes.txt", "");
  fs::create_directory(models_ / "folder.gguf");
  const Catalog known = catalog();
  const auto installed = known.installed();
  ASSERT_TRUE(installed.ok());
  ASSERT_EQ(installed->size(), 2U);
  EXPECT_EQ((*installed)[0].name, "mine");
  EXPECT_EQ((*installed)[0].bytes, 4U);
  EXPECT_EQ((*installed)[0].entry, nullptr);
  EXPECT_EQ((*installed)[1].name, "tiny");
  EXPECT_EQ((*installed)[1].entry, known.find("tiny"));
  EXPECT_EQ((*installed)[1].path, target());
}

TEST_F(CatalogTest, AFileOfAnotherSizeIsNotTheModelOfThatName) {
  write_file(target(), "GGUF");
  const auto installed = catalog().installed();
  ASSERT_TRUE(installed.ok());
  EXPECT_EQ(installed->at(0).entry, nullptr);
  const auto pulled = catalog().pull("tiny");
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::checksum);
  EXPECT_EQ(read_file(target()), "GGUF");
}

TEST_F(CatalogTest, ASplitFileIsOneModel) {
  write_file(models_ / "big-00002-of-00003.gguf", "22");
  write_file(models_ / "big-00001-of-00003.gguf", "1");
  write_file(models_ / "big-00003-of-00003.gguf", "333");
  write_file(models_ / "headless-00002-of-00002.gguf", "2");
  write_file(models_ / "version-2-of-3.gguf", "its own");
  const auto installed = catalog().installed();
  ASSERT_TRUE(installed.ok());
  ASSERT_EQ(installed->size(), 2U);
  EXPECT_EQ((*installed)[0].name, "big");
  EXPECT_EQ((*installed)[0].bytes, 6U);
  EXPECT_EQ((*installed)[0].path, models_ / "big-00001-of-00003.gguf");
  EXPECT_EQ((*installed)[1].name, "version-2-of-3");

  ASSERT_TRUE(catalog().remove("big").ok());
  EXPECT_EQ(files(),
            (std::vector<std::string>{"headless-00002-of-00002.gguf", "version-2-of-3.gguf"}));
}

TEST_F(CatalogTest, AFolderOfSafetensorsIsAModelAndNeverDeleted) {
  for (const char* name : {"muse", "empty", "tiny"}) fs::create_directory(models_ / name);
  write_file(target(), model_);  // of a name that a folder has, too
  for (const char* name : {"muse", "tiny"}) {
    write_file(models_ / name / "config.json", "{}");
    write_file(models_ / name / "model-00001-of-00002.safetensors", "1");
    write_file(models_ / name / "model-00002-of-00002.safetensors", "22");
  }
  const auto installed = catalog().installed();
  ASSERT_TRUE(installed.ok());
  ASSERT_EQ(installed->size(), 2U);
  EXPECT_EQ((*installed)[0].name, "muse");
  EXPECT_EQ((*installed)[0].bytes, 3U);
  EXPECT_EQ((*installed)[1].path, target());
  const auto resolved = catalog().resolve("muse");
  ASSERT_TRUE(resolved.ok()) << resolved.error().message;
  EXPECT_EQ(*resolved, models_ / "muse");
  const Status removed = catalog().remove("muse");
  ASSERT_FALSE(removed.ok());
  EXPECT_EQ(removed.error().code, ErrorCode::invalid_argument);
  EXPECT_TRUE(fs::exists(models_ / "muse" / "config.json"));
}

TEST_F(CatalogTest, ResolvesNamesAndPaths) {
  write_file(target(), model_);
  write_file(root_ / "elsewhere.gguf", "GGUF");
  const std::string elsewhere = (root_ / "elsewhere.gguf").string();
  for (const auto& [given, path] : std::vector<std::pair<std::string, fs::path>>{
           {"tiny", target()}, {"tiny.gguf", target()}, {elsewhere, elsewhere}}) {
    const auto resolved = catalog().resolve(given);
    ASSERT_TRUE(resolved.ok()) << resolved.error().message;
    EXPECT_EQ(*resolved, path);
  }
}

TEST_F(CatalogTest, WhatCannotBeResolvedSaysWhatToDo) {
  const auto message_of = [&](const std::string& given, ErrorCode code) {
    const auto resolved = catalog().resolve(given);
    EXPECT_FALSE(resolved.ok());
    EXPECT_EQ(resolved.error().code, code);
    return resolved.error().message;
  };
  EXPECT_EQ(message_of("tiny", ErrorCode::not_found),
            "model 'tiny' is not installed: helicon pull tiny");
  write_file(partial(), "half");
  EXPECT_EQ(message_of("tiny", ErrorCode::not_found),
            "model 'tiny' is only partly here (1 MB of 1 MB): helicon pull tiny");
  EXPECT_EQ(message_of("huge", ErrorCode::not_found),
            "no model 'huge': known are tiny; any .gguf file will do, too");
  EXPECT_EQ(message_of("/no/such.gguf", ErrorCode::not_found), "no file /no/such.gguf");
  EXPECT_NE(message_of(root_.string(), ErrorCode::unsupported).find("is a folder"),
            std::string::npos);
  EXPECT_EQ(message_of("", ErrorCode::not_found).find("no model ''"), 0U);
}

TEST_F(CatalogTest, AnInstalledModelIsNotPulledAgain) {
  write_file(target(), model_);
  const auto pulled = catalog().pull("tiny");
  ASSERT_TRUE(pulled.ok());
  EXPECT_EQ(*pulled, target());
}

// A pull of what is installed reads it where it must, and where it need not it does not.
class VerifyTest : public CatalogTest {
 protected:
  // How the pull ended, and whether it read the file.
  Result<fs::path> pull(Verify verify = Verify::if_changed) {
    read_ = false;
    return catalog().pull(
        "tiny", [&](const Progress&) { read_ = true; }, {}, verify);
  }
  // Changes one byte; the time of the last change is `later` than it was.
  void damage(std::chrono::nanoseconds later) {
    const auto time = fs::last_write_time(target());
    std::string bytes = model_;
    bytes[bytes.size() / 2] ^= 1;
    write_file(target(), bytes);
    fs::last_write_time(target(), time + later);
  }
  void expect_damaged(const Result<fs::path>& pulled) {
    ASSERT_FALSE(pulled.ok());
    EXPECT_EQ(pulled.error().code, ErrorCode::checksum);
    EXPECT_NE(pulled.error().message.find("`helicon rm tiny`"), std::string::npos);
    EXPECT_EQ(fs::file_size(target()), model_.size()) << "it is not ours to delete";
    EXPECT_TRUE(catalog().installed()->at(0).damaged);
  }

  bool read_ = false;
};

TEST_F(VerifyTest, AFileIsReadOnceForAsLongAsItDoesNotChange) {
  write_file(target(), model_);
  ASSERT_TRUE(pull().ok());
  EXPECT_TRUE(read_);
  ASSERT_TRUE(pull().ok());
  EXPECT_FALSE(read_);
  EXPECT_FALSE(catalog().installed()->at(0).damaged);
  fs::last_write_time(target(), fs::last_write_time(target()) + std::chrono::nanoseconds(1000));
  ASSERT_TRUE(pull().ok());
  EXPECT_TRUE(read_);
}

TEST_F(VerifyTest, AChangedFileIsFoundOut) {
  write_file(target(), model_);
  ASSERT_TRUE(pull().ok());
  damage(std::chrono::seconds(1));
  expect_damaged(pull());
  EXPECT_TRUE(read_);
  expect_damaged(pull());
  EXPECT_FALSE(read_);
  write_file(target(), model_);
  EXPECT_TRUE(pull().ok());
}

TEST_F(VerifyTest, WhatLooksUnchangedIsReadWhenTold) {
  write_file(target(), model_);
  ASSERT_TRUE(pull().ok());
  damage(std::chrono::seconds(0));
  EXPECT_TRUE(pull().ok());
  expect_damaged(pull(Verify::anew));
  expect_damaged(pull());
}

TEST_F(VerifyTest, ASumThatIsNoneIsNotBelieved) {
  write_file(target(), model_);
  for (const std::string& sum : {std::string(), std::string("\n"), std::string("x"),
                                 sha256_of(model_), sha256_of(model_) + " 300000"}) {
    write_file(target().string() + ".sum", sum);
    ASSERT_TRUE(pull().ok());
    EXPECT_TRUE(read_) << sum;
  }
}

TEST_F(VerifyTest, AStoppedReadingSaysNothing) {
  write_file(target(), model_);
  std::stop_source stop;
  stop.request_stop();
  const auto pulled = catalog().pull("tiny", {}, stop.get_token());
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::cancelled);
  EXPECT_EQ(files(), std::vector<std::string>{"tiny.gguf"});
}

TEST_F(CatalogTest, AModelWithoutAChecksumIsNeverPulled) {
  Options unknown = options({HubSource{"someone/Huge-GGUF", "main", ""}});
  unknown.entries[0].sha256.clear();
  const auto pulled = Catalog(unknown).pull("tiny");
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::unsupported);
  EXPECT_NE(pulled.error().message.find("someone/Huge-GGUF"), std::string::npos);
  expect_nothing();
}

TEST_F(CatalogTest, PullingAnUnknownNameListsTheKnownOnes) {
  const auto pulled = catalog().pull("huge");
  ASSERT_FALSE(pulled.ok());
  EXPECT_EQ(pulled.error().code, ErrorCode::not_found);
  EXPECT_NE(pulled.error().message.find("known are tiny"), std::string::npos);
}

TEST_F(CatalogTest, RemovesModelsAndLeftovers) {
  write_file(target(), model_);
  write_file(partial(), "half");
  ASSERT_TRUE(catalog().pull("tiny").ok());
  ASSERT_TRUE(catalog().remove("tiny").ok());
  expect_nothing();
  write_file(partial(), "half");
  ASSERT_TRUE(catalog().remove("tiny").ok());
  expect_nothing();
  const Status again = catalog().remove("tiny");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_F(CatalogTest, RemovesNothingOutsideItsFolder) {
  write_file(root_ / "precious.gguf", "GGUF");
  for (const std::string& name :
       {std::string("../precious"), (root_ / "precious.gguf").string(), std::string(""),
        std::string(".."), std::string("../models/../precious.gguf")}) {
    const Status status = catalog().remove(name);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, ErrorCode::invalid_argument) << name;
  }
  EXPECT_TRUE(fs::exists(root_ / "precious.gguf"));
}

TEST_F(CatalogTest, AModelBeingPulledIsNotRemoved) {
  const int other = open(partial().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  const Status status = catalog().remove("tiny");
  close(other);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::overloaded);
}

}  // namespace
}  // namespace helicon::catalog
