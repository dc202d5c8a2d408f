"""The components of a voice are found in each layout; missing and doubtful ones are reported."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from convert.errors import PackageError
from convert.source.package import VoiceSource, find_voices


def write_network(folder: Path, kind: str, *steps: int, **changes: Any) -> Path:
    """A network: config.yaml and empty checkpoints, which are not read."""
    params = changes.pop("params", {})
    model = "KanTtsSAMBERT" if kind == "sambert" else "Generator"
    config = {"model_type": kind, "Model": {model: {"params": {"num_mels": 80} | params}}}
    if kind == "sambert":
        config["linguistic_unit"] = {"speaker_list": "F7"} | changes.pop("unit", {})
    (folder / "ckpt").mkdir(parents=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(config | changes))
    for step in steps or (100,):
        (folder / "ckpt" / f"checkpoint_{step}.pth").touch()
    return folder


def write_audio(folder: Path, rate: int = 16000, name: str = "audio_config.yaml") -> None:
    (folder / name).write_text(yaml.safe_dump({"audio_config": {"sampling_rate": rate, "hop_length": 200}}))


def write_package(root: Path, *voices: str) -> Path:
    """ModelScope's layout."""
    for voice in voices:
        write_network(root / "voices" / voice / "am", "sambert")
        write_network(root / "voices" / voice / "voc", "hifigan")
        write_audio(root / "voices" / voice)
    (root / "voices" / "voices.json").write_text(json.dumps({"voices": list(voices)}))
    configuration = {"model": {"sample_rate": 16000, "am": {"linguistic_unit": {"has_mask": True}}}}
    (root / "configuration.json").write_text(json.dumps(configuration))
    return root


def write_finetuned(root: Path) -> Path:
    """The output of fine-tuning a voice: the base model in orig_model, and the trained networks."""
    base = root / "orig_model" / "basemodel_16k"
    write_network(base / "sambert", "sambert", 2400000, params={"SE": True})
    write_network(base / "hifigan", "hifigan", 2400000)
    write_audio(base, name="audio_config_se_16k.yaml")
    (base / "speaker_embedding").mkdir()
    (base / "speaker_embedding" / "se.model").touch()
    (root / "orig_model" / "configuration.json").write_text("{}")
    write_network(root / "tmp_am", "sambert", 2400000, 2400500, params={"SE": True})
    (root / "data" / "se").mkdir(parents=True)
    (root / "data" / "se" / "se.npy").touch()
    write_audio(root / "data")
    return root


def only(source: Path, **options: Any) -> VoiceSource:
    [voice] = find_voices(source, **options)
    return voice


# ModelScope's layout


def test_all_voices_of_a_package_are_found_in_its_order(tmp_path: Path) -> None:
    voices = find_voices(write_package(tmp_path, "zhibei", "aijia"))
    assert [voice.name for voice in voices] == ["zhibei", "aijia"]
    assert [voice.acoustic.checkpoint.parts[-4] for voice in voices] == ["zhibei", "aijia"]


def test_the_files_beside_a_voice_are_found(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    folder = tmp_path / "voices" / "a"
    for name in ("am/mvn.npy", "am/se.npy", "se/ckpt/se.model", "dict/words_dict.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    voice = only(tmp_path)
    assert voice.f0_statistics == folder / "am" / "mvn.npy"
    assert voice.speaker_embedding == folder / "am" / "se.npy"
    assert voice.speaker_encoder == folder / "se" / "ckpt" / "se.model"
    assert voice.vocoder.checkpoint == folder / "voc" / "ckpt" / "checkpoint_100.pth"
    assert voice.acoustic.config["linguistic_unit"]["speaker_list"] == "F7"
    assert voice.vocoder.config["model_type"] == "hifigan"
    assert voice.audio_config["hop_length"] == 200
    assert (voice.sampling_rate, voice.language, voice.has_mask, voice.notes) == (16000, "PinYin", True, ())


def test_the_checkpoint_with_the_highest_number_is_used(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    folder = tmp_path / "voices" / "a" / "am" / "ckpt"
    for name in (
        "checkpoint_9.pth",
        "checkpoint_1000.pth",
        "checkpoint_999.pth",
        "checkpoint_x.pth",
        "optimizer_5000.pth",
    ):
        (folder / name).touch()
    assert only(tmp_path).acoustic.checkpoint.name == "checkpoint_1000.pth"


def test_a_checkpoint_of_an_interrupted_training_is_used(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "a" / "am" / "ckpt" / "checkpoint-2000.pth").touch()
    assert only(tmp_path).acoustic.checkpoint.name == "checkpoint-2000.pth"


def test_a_voice_is_selected_by_its_name(tmp_path: Path) -> None:
    assert only(write_package(tmp_path, "a", "b"), voice="b").vocoder.checkpoint.parts[-4] == "b"


def test_the_only_voice_is_renamed(tmp_path: Path) -> None:
    voice = only(write_package(tmp_path, "a"), voice="mine")
    assert (voice.name, voice.acoustic.checkpoint.parts[-4]) == ("mine", "a")


def test_an_unknown_voice_lists_the_existing_ones(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no voice 'c'; it has: a, b"):
        find_voices(write_package(tmp_path, "a", "b"), voice="c")


def test_a_listed_voice_without_a_folder_is_an_error(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "voices.json").write_text('{"voices": ["a", "b"]}')
    with pytest.raises(PackageError, match=r"voices/b is missing, though voices.json lists it"):
        find_voices(tmp_path)
    with pytest.raises(PackageError, match=r"voices/b is missing"):
        find_voices(tmp_path, voice="b")
    assert only(tmp_path, voice="a").name == "a"


def test_folders_are_voices_without_a_voices_json(tmp_path: Path) -> None:
    write_package(tmp_path, "a", "b")
    (tmp_path / "voices" / "voices.json").unlink()
    (tmp_path / "voices" / "notes").mkdir()
    assert [voice.name for voice in find_voices(tmp_path)] == ["a", "b"]


def test_the_folder_of_all_voices_and_of_one_voice_are_valid_sources(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    for source in (tmp_path / "voices", tmp_path / "voices" / "a"):
        voice = only(source)
        assert (voice.name, voice.has_mask) == ("a", True)


@pytest.mark.parametrize("content", ['{"voices": []}', '{"voices": "a"}', '{"voices": [1]}', "{}", "[]"])
def test_a_voices_json_without_voices_is_an_error(content: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "voices.json").write_text(content)
    with pytest.raises(PackageError, match=r"voices\.json"):
        find_voices(tmp_path)


def test_the_error_for_archives_asks_to_unpack_them(tmp_path: Path) -> None:
    (tmp_path / "configuration.json").write_text("{}")
    for name in ("voices.zip", "resource.zip"):
        (tmp_path / name).touch()
    with pytest.raises(PackageError, match=r"it holds voices\.zip: unpack that there first"):
        find_voices(tmp_path)


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", ".hidden", "a/b", "../a", "a\\b", "/etc", "a\nb", "a:b", "x" * 101, " a"]
)
def test_a_name_that_is_no_safe_folder_name_is_refused(name: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    with pytest.raises(PackageError, match="cannot be called"):
        find_voices(tmp_path, voice=name)
    (tmp_path / "voices" / "voices.json").write_text(json.dumps({"voices": [name]}))
    with pytest.raises(PackageError, match="cannot be called"):
        find_voices(tmp_path)


def test_chinese_names_are_valid(tmp_path: Path) -> None:
    assert only(write_package(tmp_path, "知北")).name == "知北"


# Settings in a package


@pytest.mark.parametrize("stated", [True, False])
def test_has_mask_is_read_from_the_configuration(stated: bool, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    content = {"model": {"am": {"linguistic_unit": {"has_mask": stated}}}}
    (tmp_path / "configuration.json").write_text(json.dumps(content))
    assert only(tmp_path).has_mask is stated


@pytest.mark.parametrize("content", [None, "{}", '{"model": {"type": "sambert-hifigan"}}', '{"model": null}'])
def test_has_mask_is_none_if_it_is_not_declared(content: str | None, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "configuration.json").unlink()
    if content is not None:
        (tmp_path / "configuration.json").write_text(content)
    assert only(tmp_path).has_mask is None


def test_has_mask_is_read_from_the_acoustic_models_configuration(tmp_path: Path) -> None:
    write_network(tmp_path / "am", "sambert", unit={"has_mask": False})
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    assert only(tmp_path).has_mask is False


def test_has_mask_that_is_no_boolean_is_refused(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "configuration.json").write_text('{"model": {"am": {"linguistic_unit": {"has_mask": "no"}}}}')
    with pytest.raises(PackageError, match=r"has_mask .* 'no'"):
        find_voices(tmp_path)


def test_the_language_is_read_from_the_linguistic_unit(tmp_path: Path) -> None:
    write_network(tmp_path / "am", "sambert", unit={"language": "Sichuan"})
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    assert only(tmp_path).language == "Sichuan"


def test_a_rate_that_differs_from_the_configuration_is_noted(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    write_audio(tmp_path / "voices" / "a", rate=24000)
    voice = only(tmp_path)
    assert voice.sampling_rate == 24000
    assert "16000 Hz" in voice.notes[0]


def test_an_encoder_that_exists_only_as_onnx_is_noted(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "a" / "se" / "ckpt").mkdir(parents=True)
    (tmp_path / "voices" / "a" / "se" / "ckpt" / "se.onnx").touch()
    voice = only(tmp_path)
    assert voice.speaker_encoder is None
    assert "se.onnx" in voice.notes[0]


# KAN-TTS training folders


def test_networks_are_distinguished_by_their_model_type(tmp_path: Path) -> None:
    write_network(tmp_path / "exp" / "first", "hifigan")
    write_network(tmp_path / "exp" / "second", "sambert", audio_config={"sampling_rate": 8000})
    voice = only(tmp_path / "exp")
    assert (voice.acoustic.checkpoint.parts[-3], voice.vocoder.checkpoint.parts[-3]) == ("second", "first")
    assert (voice.name, voice.sampling_rate, voice.has_mask) == ("exp", 8000, None)


def test_fine_tuned_networks_have_priority_over_the_base_model(tmp_path: Path) -> None:
    write_finetuned(tmp_path / "work")
    write_network(tmp_path / "work" / "tmp_voc", "hifigan", 2400200)
    voice = only(tmp_path / "work")
    assert voice.acoustic.checkpoint == tmp_path / "work" / "tmp_am" / "ckpt" / "checkpoint_2400500.pth"
    assert voice.vocoder.checkpoint == tmp_path / "work" / "tmp_voc" / "ckpt" / "checkpoint_2400200.pth"
    assert voice.speaker_embedding == tmp_path / "work" / "data" / "se" / "se.npy"
    assert voice.speaker_encoder is not None


def test_the_base_vocoder_is_used_if_only_the_acoustic_model_was_fine_tuned(tmp_path: Path) -> None:
    assert only(write_finetuned(tmp_path)).vocoder.checkpoint.parts[-4] == "basemodel_16k"


def test_the_original_package_of_a_training_is_the_base_model(tmp_path: Path) -> None:
    write_package(tmp_path / "orig_model", "F7")
    write_network(tmp_path / "tmp_am", "sambert")
    voice = only(tmp_path)
    assert voice.acoustic.checkpoint.parts[-3] == "tmp_am"
    assert voice.vocoder.checkpoint.parts[-4:-2] == ("F7", "voc")
    assert (voice.sampling_rate, voice.has_mask) == (16000, True)


def test_a_training_without_checkpoints_is_an_error_even_with_a_base_model(tmp_path: Path) -> None:
    write_finetuned(tmp_path)
    for checkpoint in (tmp_path / "tmp_am" / "ckpt").iterdir():
        checkpoint.unlink()
    with pytest.raises(PackageError, match=r"tmp_am/ckpt has no checkpoint_<number>\.pth"):
        find_voices(tmp_path)


def test_the_base_package_needs_an_embedding_and_is_noted(tmp_path: Path) -> None:
    write_finetuned(tmp_path)
    base = tmp_path / "orig_model"
    with pytest.raises(PackageError, match=r"se\.npy is missing.* --se"):
        find_voices(base)
    voice = only(base, se=tmp_path / "data" / "se" / "se.npy")
    assert voice.speaker_embedding == tmp_path / "data" / "se" / "se.npy"
    assert (voice.sampling_rate, voice.speaker_encoder is not None) == (16000, True)
    assert "not fine-tuned" in voice.notes[0]


def test_the_base_models_embedding_is_not_used_for_a_fine_tuned_voice(tmp_path: Path) -> None:
    write_finetuned(tmp_path)
    (tmp_path / "data" / "se" / "se.npy").rename(tmp_path / "orig_model" / "basemodel_16k" / "sambert" / "se.npy")
    with pytest.raises(PackageError, match=r"se\.npy is missing"):
        find_voices(tmp_path)


def test_the_training_lists_of_a_fine_tuned_voice_are_found(tmp_path: Path) -> None:
    write_finetuned(tmp_path)
    for folder in (tmp_path / "data", tmp_path / "orig_model"):
        (folder / "am_train.lst").touch()
    assert only(tmp_path).training_lists == (tmp_path / "data" / "am_train.lst",)
    shutil.rmtree(tmp_path / "tmp_am")
    assert only(tmp_path).training_lists == (tmp_path / "orig_model" / "am_train.lst",)


def test_training_lists_do_not_belong_to_an_acoustic_model_from_elsewhere(tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a")
    (tmp_path / "package" / "voices" / "a" / "am_train.lst").touch()
    write_network(tmp_path / "mine", "sambert")
    assert len(only(tmp_path / "package").training_lists) == 1
    assert only(tmp_path / "package", am=tmp_path / "mine").training_lists == ()


@pytest.mark.parametrize(("kind", "option"), [("sambert", "--am"), ("hifigan", "--voc")])
def test_two_candidates_of_the_same_rank_are_listed(kind: str, option: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    root = tmp_path / "voices" / "a"
    for folder in (root / "am", root / "voc"):
        folder.rename(folder.with_name(f"my_{folder.name}"))
    write_network(root / "other", kind)
    with pytest.raises(PackageError, match=rf"my_\w+; .*other; choose one with {option}"):
        find_voices(root)


def test_the_folder_of_the_usual_name_has_priority(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    write_network(tmp_path / "voices" / "a" / "am_before", "sambert")
    assert only(tmp_path).acoustic.checkpoint.parts[-3] == "am"


def test_other_configurations_in_a_training_folder_are_ignored(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    root = tmp_path / "voices" / "a"
    write_network(root / "bert", "sybert")
    (root / "data").mkdir()
    (root / "data" / "config.yaml").write_text("{ not yaml")
    assert only(root).name == "a"


def test_a_folders_name_is_made_safe(tmp_path: Path) -> None:
    root = write_package(tmp_path, "a") / "voices" / "a"
    assert only(root.rename(tmp_path / ".my voice!")).name == "my_voice"


# Components given one by one


@pytest.mark.parametrize("place", ["mine", "mine/ckpt", "mine/ckpt/checkpoint_100.pth"])
@pytest.mark.parametrize(("kind", "option"), [("sambert", "am"), ("hifigan", "voc")])
def test_a_given_component_replaces_that_of_the_package(kind: str, option: str, place: str, tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a")
    write_network(tmp_path / "mine", kind)
    voice = only(tmp_path / "package", **{option: tmp_path / place})
    checkpoints = {"am": voice.acoustic.checkpoint, "voc": voice.vocoder.checkpoint}
    assert checkpoints.pop(option).parts[-3] == "mine"
    assert all("package" in other.parts for other in checkpoints.values())


def test_a_given_checkpoint_may_have_any_name(tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a")
    best = write_network(tmp_path / "mine", "sambert", 5, 900) / "ckpt" / "best.pth"
    best.touch()
    assert only(tmp_path / "package", am=best).acoustic.checkpoint == best


def test_files_beside_a_given_acoustic_model_are_used(tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a")
    (tmp_path / "package" / "voices" / "a" / "am" / "mvn.npy").touch()
    (write_network(tmp_path / "mine", "sambert") / "mvn.npy").touch()
    assert only(tmp_path / "package", am=tmp_path / "mine").f0_statistics == tmp_path / "mine" / "mvn.npy"


def test_a_given_network_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    with pytest.raises(PackageError, match=r"model_type 'hifigan'; for the acoustic model it is 'sambert'"):
        find_voices(tmp_path, am=tmp_path / "voices" / "a" / "voc")


@pytest.mark.parametrize("option", ["am", "voc", "se", "se_model"])
def test_a_given_component_that_is_missing_is_reported_with_its_option(option: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    with pytest.raises(PackageError, match=rf"--{option.replace('_', '-')}: .*/none is missing"):
        find_voices(tmp_path, **{option: tmp_path / "none"})


def test_a_given_folder_without_checkpoints_or_configuration_is_refused(tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a")
    empty = tmp_path / "deep" / "empty"
    empty.mkdir(parents=True)
    with pytest.raises(PackageError, match=r"has no checkpoint_<number>\.pth"):
        find_voices(tmp_path / "package", am=empty)
    (empty / "checkpoint_1.pth").touch()
    with pytest.raises(PackageError, match=r"empty/config\.yaml is missing, and so is .*deep/config\.yaml"):
        find_voices(tmp_path / "package", am=empty)


def test_a_given_component_for_several_voices_needs_the_voice(tmp_path: Path) -> None:
    write_package(tmp_path / "package", "a", "b")
    write_network(tmp_path / "mine", "sambert")
    with pytest.raises(PackageError, match="several voices: a, b; select one with --voice"):
        find_voices(tmp_path / "package", am=tmp_path / "mine")
    assert only(tmp_path / "package", am=tmp_path / "mine", voice="b").name == "b"


# Missing and invalid files


@pytest.mark.parametrize("source", ["none", "file"])
def test_a_source_that_is_no_folder_is_refused(source: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackageError, match=r"is (missing|a file); the folder of"):
        find_voices(tmp_path / source)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("am/config.yaml", r"am/config\.yaml is missing; the acoustic model"),
        ("voc/config.yaml", r"voc/config\.yaml is missing; the vocoder"),
        ("am/ckpt/checkpoint_100.pth", r"am/ckpt has no checkpoint_<number>\.pth for the acoustic model"),
        ("voc/ckpt/checkpoint_100.pth", r"voc/ckpt has no checkpoint_<number>\.pth for the vocoder"),
        ("audio_config.yaml", r"voices/a/audio_config\.yaml is missing"),
    ],
)
def test_a_missing_file_is_an_error(file: str, message: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "a" / file).unlink()
    with pytest.raises(PackageError, match=message):
        find_voices(tmp_path)


def test_the_error_for_an_empty_folder_names_the_expected_files(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no acoustic model: .*'model_type: sambert'.*--am"):
        find_voices(tmp_path)


def test_a_voice_with_an_embedding_needs_its_file(tmp_path: Path) -> None:
    write_network(tmp_path / "am", "sambert", params={"SE": True})
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    with pytest.raises(PackageError, match=r"am/se\.npy is missing.*--se"):
        find_voices(tmp_path)


def test_the_error_for_a_missing_embedding_describes_how_to_compute_it(tmp_path: Path) -> None:
    write_network(tmp_path / "am", "sambert", params={"SE": True})
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    (tmp_path / "se.model").touch()
    with pytest.raises(PackageError, match=r"--se-model \S+/se\.model`, then `python -m server embed"):
        find_voices(tmp_path)


def test_a_voice_with_standardized_f0_needs_mvn_npy(tmp_path: Path) -> None:
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    write_network(tmp_path / "am", "sambert", params={"NSF": True})
    with pytest.raises(PackageError, match=r"am/mvn\.npy is missing"):
        find_voices(tmp_path)


def test_a_voice_with_min_max_scaled_f0_needs_no_mvn_npy(tmp_path: Path) -> None:
    write_network(tmp_path / "voc", "hifigan")
    write_audio(tmp_path)
    write_network(tmp_path / "am", "sambert", params={"NSF": True, "nsf_norm_type": "global"})
    assert only(tmp_path).f0_statistics is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_type: sambert\nModel: [1, 2\n", r"am/config\.yaml, line \d, is not valid YAML"),
        (
            "a: 1\nb: !!python/object/apply:os.system ['exit']\n",
            r"config\.yaml, line 2, is refused: .*python/object.* plain data",
        ),
        ("a: 1\nb: !!python/tuple [1, 2]\n", r"line 2, is refused"),
        ("just words", "should hold names and values, not str"),
        ("", "should hold names and values"),
        ("a: \x07", "is not valid YAML"),
        ("[" * 500_000, "is not valid YAML"),
        ("# " + "x" * (1 << 20), "more than a megabyte"),
        ("model_type: sambert\n", r"no section Model\.KanTtsSAMBERT\.params"),
        ("model_type: sybert\n", "model_type 'sybert'"),
        ("Model: {KanTtsSAMBERT: {params: {}}}\n", "no section linguistic_unit"),
    ],
)
def test_an_invalid_configuration_is_reported_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "a" / "am" / "config.yaml").write_text(text)
    with pytest.raises(PackageError, match=message):
        find_voices(tmp_path)


def test_a_configuration_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "a" / "am" / "config.yaml").write_bytes("# 知北\n".encode("gb18030"))
    with pytest.raises(PackageError, match=r"config\.yaml is not UTF-8"):
        find_voices(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"), [('{\n"voices": [,]}', "line 2, is not valid JSON"), ("[" * 500_000, "is not valid JSON")]
)
def test_invalid_json_is_reported_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    (tmp_path / "voices" / "voices.json").write_text(text)
    with pytest.raises(PackageError, match=rf"voices\.json.*{message}"):
        find_voices(tmp_path)


@pytest.mark.parametrize("rate", ["fast", 0, -8000, None, 16000.5])
def test_an_invalid_sampling_rate_is_refused(rate: Any, tmp_path: Path) -> None:
    write_package(tmp_path, "a")
    write_audio(tmp_path / "voices" / "a", rate=rate)
    with pytest.raises(PackageError, match=r"sampling_rate is .*; a whole number of Hz"):
        find_voices(tmp_path)
