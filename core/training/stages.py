"""The stages of the built-in model's training, each from its inputs to its files."""

import copy
import dataclasses
import functools
import json
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import (
    StableDiffusionPipeline,
)

from core.errors import ExplainerError
from core.models.catalog import builtin_folder
from core.models.judge_names import FOLDER as JUDGE_FOLDER
from core.models.pixel_model import FOLDER as PIXEL_FOLDER
from core.models.small_decoder import digest_of
from core.nets.lora import Lora
from core.training import (
    card,
    evaluate,
    evaluate_arranged,
    evaluate_turbo,
    export,
    history,
    judge,
    latents,
    limits,
    loop,
    nearest,
    pictures,
    pixels,
    restore,
    small_decoder,
    small_judge,
    text,
    tower,
    turbo,
    turbo_shipped,
    unet,
    vae,
)
from core.training.arranged import PAIRED
from core.training.milestones import draw_milestone
from core.training.run import (
    Run,
    describe_device,
    newest_reader,
    text_reader,
    train_stage,
    trained_reader,
    trained_vae,
)

# The same prompts and noise, drawn as the U-Net's training goes on: often at first, when most
# changes; and at its end.
MILESTONES = {100, 200, 500, 1000, 2000, 4000, 6000, 9000, *range(12_000, 1_000_001, 3_000)}
MILESTONE_PROMPTS = ("a red apple", "a parrot", "a hamburger on a blue background", "a rocket")
MILESTONE_SEED = 3


def run_vae(run: Run) -> None:
    """Train the autoencoder on crops of scenes, then its decoder alone, at last on whole scenes."""
    bank = run.pictures()
    torch.manual_seed(vae.PLAN.seed)
    model = vae.build_vae().to(run.device).train()
    batch_loss = vae.vae_loss(model, bank, run.device)
    train_stage(run, "vae", model, batch_loss, vae.PLAN, every=20)
    loop.load_weights(run.folder / "vae", model, averaged=True)
    vae.freeze_encoder(model)
    train_stage(run, "decoder", model, batch_loss, vae.DECODER_PLAN, every=20)
    loop.load_weights(run.folder / "decoder", model, averaged=True)
    batch_loss = vae.whole_loss(model, bank, run.device)
    train_stage(run, "whole", model, batch_loss, vae.WHOLE_PLAN, every=20)


def run_text(run: Run) -> None:
    """Make tokenizer and embeddings, then train the text encoder, then the image tower."""
    bank = run.pictures()
    ids = text.CaptionIds(run.folder / "data")
    reader = text_reader(run, bank)
    batch_loss = text.text_loss(reader, bank, ids, run.device)
    train_stage(run, "text", reader, batch_loss, text.PLAN, every=100)
    loop.load_weights(run.folder / "text", reader, averaged=False)
    before = copy.deepcopy(reader).eval().requires_grad_(False)
    batch_loss = text.text_loss(reader, bank, ids, run.device, before)
    train_stage(run, "pairs", reader, batch_loss, text.PAIRS_PLAN, every=50)
    train_tower(run, bank, ids)


def train_tower(run: Run, bank: pictures.PictureBank, ids: text.CaptionIds) -> None:
    """Train the image tower against the frozen text encoder, anew where that has changed."""
    newest = newest_reader(run)
    reads = f"{newest}, {loop.checkpoint_step(run.folder / newest)} steps\n"
    folder = run.folder / "tower"
    kept = folder / "reader.txt"
    if not kept.exists() or kept.read_text() != reads:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        kept.write_text(reads)
    torch.manual_seed(tower.PLAN.seed)
    towers = tower.Towers().to(run.device)
    reader = trained_reader(run, bank)
    batch_loss = tower.tower_loss(towers, reader, bank, ids, run.device)
    train_stage(run, "tower", towers, batch_loss, tower.PLAN)


def run_unet(run: Run) -> None:
    """Train the U-Net on latents, each of which is encoded when it is first drawn."""
    bank = run.pictures()
    ids = text.CaptionIds(run.folder / "data")
    folder = run.folder / "unet"
    encoder = latents.Encoder(
        *trained_vae(run), loop.checkpoint_step(run.folder / "vae"), run.device
    )
    singles = latents.single_latents(encoder, bank, folder)
    arranged = paired = None
    if run.plan(unet.PLAN).steps > unet.ARRANGED_FROM:
        weights = unet.object_weights(bank, unet.ARRANGED_WEIGHTS)
        arranged = latents.arranged_latents(encoder, bank, weights, folder)
    if run.plan(unet.PLAN).steps > unet.PAIRS_FROM:
        paired = latents.paired_latents(encoder, bank, folder)
    readers = trained_reader(run, bank, "text"), trained_reader(run, bank)
    lessons = unet.Lessons(bank, singles, arranged, paired, ids, *readers)
    torch.manual_seed(unet.PLAN.seed)
    model = unet.quicken(unet.build_unet()).to(run.device).train()
    batch_loss = unet.unet_loss(model, lessons, run.device)

    def saved(step: int) -> None:
        for lessons_of in (singles, arranged, paired):
            if lessons_of is not None and lessons_of.kept is not None:
                lessons_of.kept.write(lessons_of.latents)
        if step in MILESTONES or step == run.plan(unet.PLAN).steps:
            draw_milestone(_whole_model(run), MILESTONE_PROMPTS, MILESTONE_SEED, shown, step)

    shown = folder / export.MILESTONES
    train_stage(run, "unet", model, batch_loss, unet.PLAN, saved=saved)


def _whole_model(run: Run) -> StableDiffusionPipeline:
    """The model as it would ship with the newest checkpoints."""
    with TemporaryDirectory() as folder:
        export.assemble(run, Path(folder))
        return evaluate.load_pipeline(Path(folder), run.device)


def run_pixels(run: Run) -> None:
    """Train the model of faces that learns its variance, measure it and ship it."""
    bank = run.pictures()
    torch.manual_seed(pixels.PLAN.seed)
    model = pixels.build_pixel_model()
    model.net.to(run.device).train()
    faces = pixels.make_faces(bank, held_out=False, variants=pixels.VARIANTS, seed=8)
    batch_loss = pixels.pixel_loss(model, faces, run.device)
    train_stage(run, "pixels", model.net, batch_loss, pixels.PLAN)
    print(json.dumps(pixels.ship(run.folder / "pixels", bank, PIXEL_FOLDER), indent=2))


def run_small_decoder(run: Run) -> None:
    """Train the small decoder of films on what the model that ships draws, measure and ship it."""
    folder, model = run.folder / "small_decoder", builtin_folder()
    pipeline = evaluate.load_pipeline(model, run.device)
    pairs, tested = (
        small_decoder.make_pairs(
            pipeline, small_decoder.make_prompts(model, tested=test), folder / name
        )
        for name, test in (("pairs", False), ("tested", True))
    )
    torch.manual_seed(small_decoder.PLAN.seed)
    decoder = small_decoder.build_small_decoder().to(run.device)
    batch_loss = small_decoder.decoder_loss(decoder, pairs, run.device)
    train_stage(run, "small_decoder", decoder, batch_loss, small_decoder.PLAN)
    print(json.dumps(small_decoder.ship(folder, pipeline.vae, tested), indent=2))


def run_small_judge(run: Run) -> None:
    """Train the small judge on scenes, measure and ship it."""
    folder, model, bank = run.folder / "small_judge", builtin_folder(), run.pictures()
    torch.manual_seed(small_judge.PLAN.seed)
    judging = small_judge.build_small_judge(bank.objects).to(run.device)
    batch_loss = small_judge.judge_loss(judging, bank, run.device)
    train_stage(run, "small_judge", judging, batch_loss, small_judge.PLAN)
    drawn = _draw_typed(run)
    autoencoder = evaluate.load_autoencoder(model / "vae")
    found = small_judge.ship(folder, bank, autoencoder, drawn, history.read_report(model))
    print(json.dumps(found, indent=2))


def _draw_typed(run: Run) -> evaluate.Drawn:
    """What the model that ships makes of the prompts that people type first."""
    pipeline = evaluate.load_pipeline(builtin_folder(), run.device)
    return evaluate.draw(pipeline, evaluate.typed_prompts(run.pictures()))


def run_turbo(run: Run) -> None:
    """Distil the U-Net that ships into a LoRA that draws in few calls."""
    folder, model, bank = run.folder / "turbo", builtin_folder(), run.pictures()
    networks = restore.shipped_networks(model, bank.objects)
    lessons = turbo.lessons_of(model, networks, bank, folder, run.device)
    network = unet.quicken(networks.unet).to(run.device).requires_grad_(False)
    pairs = turbo.make_pairs(network, lessons, folder / "pairs", run.device)
    torch.manual_seed(turbo.PLAN.seed)
    student = turbo.Student(network).to(run.device)
    batch_loss = turbo.turbo_loss(network, student, pairs, run.device)
    train_stage(run, "turbo", student, batch_loss, turbo.PLAN)
    shipped = turbo_shipped.ship(folder, network, functools.partial(_measure_turbo, run))
    print(json.dumps(shipped, indent=2))


def _measure_turbo(run: Run, lora: Lora) -> dict[str, object]:
    pipeline = evaluate.load_pipeline(builtin_folder(), run.device)
    return evaluate_turbo.measure(
        *(pipeline, lora, run_judge(dataclasses.replace(run, steps=None)), run.pictures()),
        folder=run.folder / "turbo" / "guided",
        device=run.device,
    )


def run_judge(run: Run) -> judge.Judge:
    """Train the evaluation's classifier to the end of its plan and return it, frozen."""
    bank = run.pictures()
    torch.manual_seed(judge.PLAN.seed)
    model = judge.Judge(bank.objects).to(run.device)
    train_stage(run, "judge", model, judge.judge_loss(model, bank, run.device), judge.PLAN)
    loop.load_weights(run.folder / "judge", model, averaged=True)
    return model.eval().requires_grad_(False)


def run_evaluate(run: Run) -> None:
    """Measure everything that the model card tells, on the folder that export would write.

    A stop loses the part that is being measured, and no more.
    """
    folder = run.folder / "model"
    export.assemble(run, folder)
    report = evaluate.Report(folder, builtin_folder())
    report.found["trained_steps"] = export.trained_steps(run, builtin_folder())
    bank = run.pictures()
    report.measure("retrieval", lambda: _measure_retrieval(run, bank))
    measure(run, folder, report)
    print(json.dumps(report.found, indent=2))


def _measure_retrieval(run: Run, bank: pictures.PictureBank) -> dict[str, float]:
    reader = trained_reader(run, bank)
    towers = tower.Towers().to(run.device)
    loop.load_weights(run.folder / "tower", towers, averaged=False)
    ids = text.CaptionIds(run.folder / "data")
    return evaluate.measure_retrieval(towers.eval(), reader, bank, ids, run.device)


def measure(run: Run, folder: Path, report: evaluate.Report) -> None:
    """Measure what a report lacks of the model in ``folder``, and draw the sheets beside it."""
    bank, device = run.pictures(), run.device
    critic = functools.cache(lambda: run_judge(run))
    pipeline = evaluate.load_pipeline(folder, device)
    autoencoder = evaluate.load_autoencoder(folder / "vae").to(device)
    scaling_factor = pipeline.vae.config.scaling_factor

    def judged() -> dict[str, object]:
        drawn = evaluate.draw(pipeline, evaluate.evaluation_prompts(bank))
        found, beside = nearest.measure_nearest(drawn, bank)
        report.found["nearest"] = found
        evaluate.contact_sheet(drawn.pictures[:100]).save(folder / history.SHEET, quality=85)
        rows = torch.stack([drawn.pictures[:20], beside[:20]], dim=1).flatten(0, 1)
        evaluate.contact_sheet(rows).save(folder / history.NEAREST_SHEET, quality=85)
        return evaluate.judge_drawn(critic(), drawn, bank, device)

    def arranged() -> dict[str, object]:
        found, shown = evaluate_arranged.measure(pipeline, critic(), bank, device)
        evaluate.contact_sheet(shown).save(folder / history.ARRANGED_SHEET, quality=85)
        return found

    def best_pairs() -> dict[str, object]:
        paired = [one for one in report.found["typed"]["each"] if one["label"] in PAIRED]
        best = evaluate.best_drawn(paired, bank, evaluate_arranged.BEST)
        questions = evaluate_arranged.pair_questions(bank, among=best)
        drawn = evaluate.draw(pipeline, [question.caption for question in questions]).pictures
        return {
            "drawn": evaluate_arranged.judge_pairs(critic(), questions, drawn, device),
            "decoded": limits.measure_pair_limit(critic(), autoencoder, questions, bank, device),
        }

    for part, measured in {
        "objects": lambda: bank.objects,
        "device": lambda: describe_device(device),
        "size_mb": lambda: evaluate.folder_megabytes(folder),
        "vae": lambda: evaluate.measure_vae(autoencoder, scaling_factor, bank, device),
        "judge": lambda: evaluate.measure_judge(critic(), bank, device),
        "limits": lambda: limits.measure_limits(critic(), autoencoder, bank, device),
        "typed": lambda: evaluate.measure_typed(pipeline, critic(), bank, device),
        "best_pairs": best_pairs,
        "prompts": judged,
        "arranged": arranged,
        "over": lambda: evaluate.sweep(pipeline, critic(), bank, device),
        "time": lambda: evaluate.measure_time(pipeline.to("cpu")),
    }.items():
        report.measure(part, measured)


def run_renew(run: Run) -> None:
    """Make anew what hangs on the weights that ship: what was measured of them, and the cards.

    What is already measured of these very weights stays.

    Raises:
        ExplainerError: the report, or the LoRA for few calls, is of other weights.
    """
    folder = builtin_folder()
    report = evaluate.Report(folder)
    if "trained_steps" not in report.found:
        raise ExplainerError(
            "What was measured is not of the weights that ship.",
            "Run: python -m core.training evaluate, then export.",
        )
    measure(run, folder, report)
    export.describe(folder, report.found, card.told_by_model(folder))
    network = restore.shipped_networks(folder, run.pictures().objects).unet
    if history.read_report(JUDGE_FOLDER)["evaluation_judge"] != small_judge.told_by(report.found):
        small_judge.renew(_draw_typed(run), report.found)
    turbo_shipped.renew(functools.partial(_measure_turbo, run), digest_of(network))


def run_export(run: Run) -> None:
    """Write the model that was evaluated into the project's weights folder."""
    export.ship(run, builtin_folder())
    print(f"{evaluate.folder_megabytes(builtin_folder())} MB in {builtin_folder()}")


def run_restore(run: Run) -> None:
    """Put the weights that ship where the stages look for their checkpoints."""
    objects = run.pictures().objects
    restored = restore.restore(builtin_folder(), run.folder, objects)
    network = restore.shipped_networks(builtin_folder(), objects).unet
    restored["turbo"] = turbo_shipped.restore(network, run.folder)
    restored["small_decoder"] = small_decoder.restore(run.folder)
    print(", ".join(f"{stage}: {steps:,} steps" for stage, steps in restored.items()))
