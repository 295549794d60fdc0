"""What people, browsers, files and machines may do wrong, what must happen, and the test of each.

Whatever is put in: within two seconds a plain sentence or a value within bounds; no traceback, no
code run, no silent NaN; the session goes on, and so does everybody else. Nobody takes one of these
tests away unnoticed: every row names its own, and each must be there, with its parameter.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Row = tuple[int, str, str, tuple[str, ...]]  # number, what is put in, what must happen, its tests

TOKENS = "unit/models/test_tokens.py::"
IDS = f"{TOKENS}test_ids_and_mask_equal_the_librarys"
WORDS = "pages/test_tokens.py::test_awkward_words_are_text"
REQUEST = "unit/engine/test_request.py::"
BAD = f"{REQUEST}test_a_bad_value_is_refused_with_one_sentence_and_what_to_do"
PLANS = "unit/models/test_scheduler_plans.py::test_wrong_input_is_told_in_a_sentence"
SETTING = "unit/models/test_schedulers.py::test_wrong_setting_says_what_would_work"
BETAS = "unit/ideas/test_schedules.py::test_people_read_a_sentence"
TIME = "unit/ideas/test_timestep.py::test_people_read_a_sentence_about_the_"
PICTURE = "unit/models/test_uploads.py::test_bad_picture_is_refused_in_a_sentence"
ODD = "unit/models/test_uploads.py::test_odd_picture_is_repaired_and_said_so"
START = "unit/engine/test_futures.py::test_bad_starts_from_a_picture_are_refused"
LOOK = "unit/engine/test_latent_works.py::test_what_cannot_be_is_refused_in_a_sentence"
EDIT = "unit/models/test_latent_edits.py::test_edits_that_cannot_be_are_refused_in_a_sentence"
WORKER = "unit/engine/test_worker.py::"
CANCEL = f"{WORKER}test_cancelling_at_any_moment_ends_the_work_at_the_next_tick"
STORE = "unit/engine/test_store.py::"
DAMAGED = f"{STORE}test_a_damaged_entry_is_a_miss_and_can_be_written_again"
LOADING = "unit/models/test_loading.py::"
WEIGHTS = f"{LOADING}test_damaged_weights_are_named"
CHECKPOINT = "unit/models/test_checkpoint_files.py::"
UNREAD = f"{CHECKPOINT}test_what_may_not_be_read_is_named"
LORA_FILES = "unit/models/test_lora_files.py::"
LORA = f"{LORA_FILES}test_a_file_that_cannot_be_used_is_refused_in_a_sentence"
LORAS = "unit/engine/test_loras.py::"
SINGLE = "unit/models/test_single_files.py::"
NETWORK = "unit/models/test_download.py::"
CATALOG = "unit/models/test_catalog.py::"
ID = f"{CATALOG}test_id_that_is_no_model_is_refused_in_plain_words"
SOCKET = "unit/ui/test_socket.py::"
FRAME = f"{SOCKET}test_a_frame_from_no_browser_costs_its_sender_alone"
ADDRESS = f"{SOCKET}test_an_address_from_no_page_opens_one"
LEAVES = f"{SOCKET}test_who_leaves_in_the_middle_of_a_run_is_missed_by_nobody"
SAFETY = "pages/test_safety.py::test_markdown_is_never_given_what_was_typed"
LINK = "pages/test_generation.py::test_bad_link_is_told_in_a_sentence_and_the_page_goes_on"
PLACE = "unit/ui/test_surroundings.py::"

BAD_INPUTS: tuple[Row, ...] = (
    # ---- words
    (1, "no words", "read as start and end", (f"{IDS}[0]", f"{WORDS}[11]")),
    (2, "one space, 500 spaces", "read as no words", (f"{IDS}[1]", f"{IDS}[2]")),
    (3, "10,000 letters", "cut at 77 tokens",
     (f"{IDS}[15]", "browser/test_generation.py::test_ten_thousand_characters_are_read_as_far_as_"
      "they_fit")),
    (4, "10,000 words", "read as far as they fit; a request of more than 20,000 letters is refused",
     (f"{IDS}[16]", f"{BAD}['prompt'-'cat cat cat cat cat cat cat c]")),
    (5, "75, 76, 77 tokens", "75 fit", (f"{IDS}[12]", f"{IDS}[13]", f"{IDS}[18]")),
    (6, "one token too many", "what is cut is shown",
     (f"{TOKENS}test_75_tokens_fit_and_the_76th_is_cut",
      "browser/test_tokens.py::test_cut_words_are_greyed_where_they_stand")),
    (7, "a NUL", "text", (f"{IDS}[9]", f"{WORDS}[1]")),
    (8, "control characters, U+202E", "text", (f"{IDS}[9]", f"{WORDS}[2]", f"{WORDS}[10]")),
    (9, "half a surrogate pair", "read as U+FFFD",
     (f"{TOKENS}test_lone_surrogates_are_read_as_replacement",
      f"{REQUEST}test_half_a_surrogate_pair_is_replaced_and_a_whole_one_joined")),
    (10, "emoji of several code points", "text", (f"{IDS}[7]", f"{WORDS}[4]")),
    (11, "letters from right to left", "text", (f"{WORDS}[6]",)),
    (12, "letters under heaps of marks", "text", (f"{IDS}[17]",)),
    (13, "one letter with 5,000 marks", "text", (f"{WORDS}[5]", f"{IDS}[8]")),
    (14, "Chinese, Japanese, Korean", "text", (f"{IDS}[6]",)),
    (15, "the tokenizer's own markers as words", "read as the library does",
     (f"{IDS}[10]", f"{WORDS}[8]")),
    (16, "<script>", "shown as text",
     (f"{WORDS}[0]", "browser/test_tokens.py::test_typed_markup_is_text")),
    (17, "<img onerror>", "shown as text",
     (f"{WORDS}[0]",
      "browser/test_generation.py::test_html_and_markdown_in_the_prompt_stay_text")),
    (18, "a link of javascript", "shown as text",
     (f"{WORDS}[0]", f"{SAFETY}[core/ui/prompt_notes.py]")),
    (19, "a picture elsewhere", "not fetched", (f"{WORDS}[0]",)),
    (20, "Markdown, colours, LaTeX, icons", "shown as text",
     (f"{IDS}[11]", "pages/test_generation_compare.py::test_words_stay_text_in_every_look")),
    (21, "a spreadsheet's formula", "written as text",
     ("unit/views/test_tables.py::test_formulas_are_not_run_by_a_spreadsheet[=cmd|'/c calc'!A1]",)),
    (22, "{{7*7}}, %s, ../../x", "text, and in no file's name",
     (f"{WORDS}[7]", "pages/test_safety.py::test_files_that_are_given_are_one_and_those_taken_are_"
      "named_by_us[core/lessons/generation/downloads.py]")),
    (23, "a list or a number as words", "refused",
     (f"{BAD}['prompt'-['a', 'b']]", f"{BAD}['prompt'-3]",
      f"{TOKENS}test_other_than_text_is_refused[wrong2]")),
    (24, "a megabyte of words by hand", "cut where the box ends, or the line is closed",
     (f"{SOCKET}test_words_of_a_megabyte_are_cut_where_the_box_ends",
      f"{FRAME}[2 megabytes of widgets]")),
    (25, "two who tokenize at once", "each reads as if alone",
     (f"{TOKENS}test_many_threads_read_as_one_does",)),
    # ---- numbers of timesteps and schedulers
    (26, "0 steps", "refused", (f"{BAD}['steps'-0]", f"{LINK}[steps-0]")),
    (27, "-1 steps", "refused", (f"{BAD}['steps'--1]", f"{LINK}[steps--1]")),
    (28, "1 step", "drawn", tuple(
        "unit/models/test_schedulers.py::test_every_number_of_steps_offered_runs_to_a_finite_end"
        f"[1-{name}]" for name in ("ddim", "pndm", "euler", "heun", "dpmpp-2m", "unipc"))),
    (29, "2 steps", "drawn", tuple(
        "unit/models/test_schedulers.py::test_every_number_of_steps_offered_runs_to_a_finite_end"
        f"[2-{name}]" for name in ("ddim", "pndm", "euler", "heun", "dpmpp-2m", "unipc"))),
    (30, "999 steps", "refused", (f"{BAD}['steps'-999]",)),
    (31, "1000 steps", "refused", (f"{BAD}['steps'-1000]",)),
    (32, "1001 steps", "refused", (f"{BAD}['steps'-1001]",)),
    (33, "1.5 steps", "refused", (f"{BAD}['steps'-1.5]",)),
    (34, '"3" steps', "refused", (f"{BAD}['steps'-'3']",)),
    (35, "NaN steps", "refused", (f"{BAD}['steps'-nan]",)),
    (36, "True steps", "refused", (f"{BAD}['steps'-True]",)),
    (37, "None steps", "refused", (f"{BAD}['steps'-None]",)),
    (38, "timestep -1", "refused", (f"{TIME}timestep[-1]",)),
    (39, "timestep 1e9", "refused", (f"{TIME}timestep[1000000000.0]",)),
    (40, "an embedding of 0, odd, negative, 10^7 numbers", "refused",
     tuple(f"{TIME}dimension[{bad}]" for bad in (0, 7, -2, 10**7))),
    (41, "a longest period of 0, -1, 1", "the first two are refused",
     (f"{TIME}period[0]", f"{TIME}period[-1]",
      "unit/ideas/test_timestep.py::test_what_people_may_type_is_taken")),
    (42, "first beta -1", "refused",
     (f"{PLANS}[euler-base10-params10-20-beta_start cannot be -1]",)),
    (43, "first beta NaN", "refused",
     (f"{PLANS}[euler-base11-params11-20-beta_start cannot be nan]",
      f"{BETAS}[config1-The first beta is nan.]")),
    (44, "first beta above the last", "refused",
     (f"{PLANS}[euler-base13-params13-20-lies above beta_end]",)),
    (45, "last beta 2", "refused", (f"{PLANS}[euler-base12-params12-20-beta_end cannot be 2.0]",
     f"{BETAS}[config4-The last beta is 2.0.]")),
    (46, "an unknown schedule", "refused",
     (f"{PLANS}[euler-base14-params14-20-beta_schedule cannot be 'foo']",)),
    (47, "an unknown spacing", "refused",
     (f"{PLANS}[euler-base15-params15-20-timestep_spacing cannot be 'foo']",)),
    (48, "0, -5, 1, 10^9 training timesteps", "refused",
     (f"{BETAS}[config8-number of training timesteps is 0.]",
      f"{BETAS}[config9-number of training timesteps is -5.]",
      f"{BETAS}[config10-number of training timesteps is 1.]",
      f"{PLANS}[euler-base29-params29-20-number of training timesteps is]")),
    (49, "a list of one beta", "refused",
     (f"{PLANS}[euler-base31-params31-20-trained betas are not a list]",)),
    (50, "an unknown setting", "refused, with the nearest known",
     (f"{SETTING}[euler-params0-Did you mean use_karras_sigmas]",)),
    (51, "two spacings of sigmas", "refused", (f"{PLANS}[euler-base19-params19-20-exclude each "
     "other]",)),
    (52, "a package is missing", "named with how to get it",
     ("unit/models/test_schedulers.py::test_missing_package_is_named",)),
    (53, "solver order 0 and 9", "refused",
     (f"{PLANS}[dpmpp-2m-base20-params20-20-solver_order cannot be 0]",
      f"{PLANS}[dpmpp-2m-base21-params21-20-solver_order cannot be 9]")),
    (54, "an unknown algorithm, solver, prediction", "refused",
     (f"{PLANS}[dpmpp-2m-base22-params22-20-algorithm_type cannot be 'foo']",
      f"{PLANS}[dpmpp-2m-base23-params23-20-solver_type cannot be 'foo']",
      f"{PLANS}[euler-base24-params24-20-prediction_type cannot be set]")),
    (55, "thresholding beyond its range", "refused",
     (f"{PLANS}[ddim-base25-params25-20-cannot be set here]",)),
    (56, "a scheduler called __class__, os.system, nothing", "refused; names are looked up only",
     tuple(f"{BAD}['scheduler'-'{bad}']" for bad in ("__class__", "os.system", ""))),
    (57, "a chart of a million points", "what it is drawn of is refused before",
     ("pages/test_timesteps.py::test_settings_that_cannot_be_are_refused_in_a_sentence"
      "[query2-This page draws 4 to 1,024.]", f"{BAD}['steps'-1000]")),
    (58, "a logarithm of sigma 0", "nothing is drawn there",
     ("unit/lessons/schedulers/test_overlay.py::test_axes_say_the_same_level",)),
    # ---- latents and noise
    (59, "timestep 1000 of 1,000", "refused",
     (f"{TIME}timestep[1000]", "unit/test_cli_noise.py::test_bad_timestep_is_one_sentence[1000]")),
    (60, "noise of strength -1, 2, NaN", "refused",
     tuple(f"{START}[{{'strength': {bad}}}]" for bad in (-1.0, 2.0, float("nan")))),
    (61, "seed -1, 2^63, 2^64, 1.5, text, NaN, None", "refused",
     tuple(f"{BAD}['seed'-{bad!r}]" for bad in (-1, 2**63, 2**64, 1.5, "1", float("nan"), None))),
    (62, "latents of another shape", "refused",
     ("unit/models/test_latents.py::test_latents_of_another_shape_are_refused[shape0]",
      "unit/engine/test_latent_works.py::test_what_does_not_suit_the_model_is_told")),
    (63, "latents that are not finite", "refused, never shown",
     (f"{LOOK}[worker-look10-not finite]",
      "unit/models/test_latents.py::test_picture_that_is_not_finite_is_never_shown")),
    (64, "channel 4 of 4", "refused", (f"{EDIT}[raw8]",)),
    (65, "no latents", "refused", (f"{LOOK}[worker-look7-number of latents is 0]",)),
    (66, "a region outside the picture", "refused", (f"{EDIT}[raw10]", f"{EDIT}[raw11]")),
    (67, "a slider dragged over 50 values", "one run of a session at a time; the last is drawn",
     (f"{WORKER}test_a_slider_that_is_dragged_leaves_one_run_of_its_session",)),
    (68, "a page opened before the model is loaded", "it opens, and says so",
     ("browser/test_generation.py::test_deep_link_to_a_cold_server_opens_the_page_within_the_app",
      f"{WORKER}test_status_says_when_the_model_is_being_loaded")),
    (69, "a reload in the middle", "the run goes on where it was",
     ("unit/engine/test_line.py::test_a_run_given_up_in_its_middle_goes_on_where_it_was",
      "browser/test_generation.py::test_settings_survive_a_reload_and_the_way_back")),
    # ---- pictures
    (70, "an empty file", "refused", (f"{PICTURE}[70 empty]",)),
    (71, "one byte", "refused", (f"{PICTURE}[71 one byte]",)),
    (72, "text called .png", "refused", (f"{PICTURE}[72 text]",)),
    (73, "HTML called .png", "refused", (f"{PICTURE}[73 html]",)),
    (74, "SVG", "refused", (f"{PICTURE}[74 svg]",)),
    (75, "half a PNG", "refused", (f"{PICTURE}[75 half png]",)),
    (76, "half a JPEG", "refused", (f"{PICTURE}[76 half jpeg]",)),
    (77, "a wrong checksum", "refused", (f"{PICTURE}[77 bad crc]",)),
    (78, "a zip behind the picture", "the picture is taken", (f"{ODD}[78 with a zip behind]",)),
    (79, "1 pixel", "refused", (f"{PICTURE}[79 one pixel]",)),
    (80, "1 clear pixel", "refused", (f"{PICTURE}[80 one clear pixel]",)),
    (81, "20,000 times as wide as high", "refused",
     tuple(f"{PICTURE}[81 {shape}]" for shape in ("wide", "tall", "narrow"))),
    (82, "0 pixels", "refused", (f"{PICTURE}[82 no pixels]",)),
    (83, "four inks", "converted", (f"{ODD}[83 cmyk jpeg]",)),
    (84, "16 bits of grey", "scaled, not clipped, and said so", (f"{ODD}[84 sixteen bits]",
     "unit/models/test_uploads.py::test_sixteen_bits_are_scaled_not_clipped")),
    (85, "1 bit", "converted", (f"{ODD}[85 one bit]",)),
    (86, "a palette with transparency", "put on white, and said so", (f"{ODD}[86 palette]",)),
    (87, "an animation", "its first picture, and said so",
     (f"{PICTURE}[87 gif]", f"{ODD}[87 webp animation]")),
    (88, "an animated PNG", "its first picture, and said so", (f"{ODD}[88 apng]",)),
    (89, "TIFF of NaN", "refused", (f"{PICTURE}[89 tiff]",)),
    (90, "a camera held sideways", "turned, and said so", (f"{ODD}[90 turned]",)),
    (91, "turned to nowhere", "taken as it is", (f"{ODD}[91 turned to nowhere]",)),
    (92, "2.5 thousand million pixels in 74 bytes", "refused", (f"{PICTURE}[92 bomb]",)),
    (93, "12,000 x 12,000", "refused before its pixels are unpacked", (f"{PICTURE}[93 large]",)),
    (94, "9,000 x 9,000", "refused before its pixels are unpacked", (f"{PICTURE}[94 large]",)),
    (95, "100 MB of text in a PNG", "refused", (f"{PICTURE}[95 text bomb]",)),
    (96, "6 MB where 5 are taken", "refused", (f"{PICTURE}[96 six megabytes]",
     f"{SOCKET}test_files_without_end_are_kept_within_bounds")),
    (97, "odd names of files", "never used", ("pages/test_latents.py::test_an_upload_may_have_any_"
     "name",)),
    (98, "a wrong ending", "what is inside counts", (f"{ODD}[98 wrong extension]",)),
    (99, "50 files at once", "one is taken",
     ("pages/test_safety.py::test_files_that_are_given_are_one_and_those_taken_are_named_by_us"
      "[core/ui/picture_source.py]",)),
    (100, "clear parts on white and on black", "white",
     ("unit/models/test_uploads.py::test_clear_parts_are_white_whatever_their_colour[0-255]",)),
    # ---- a run
    (101, "guidance -5, 1e6; 0 means something", "the first two are refused",
     (f"{BAD}['guidance'--5]", f"{BAD}['guidance'-1000000.0]",
      "unit/engine/test_denoise.py::test_w_zero_is_the_negative_prompt_alone")),
    (102, "guidance NaN", "refused", (f"{BAD}['guidance'-nan]", f"{LINK}[guidance-nan]")),
    (103, "infinite guidance", "refused", (f"{BAD}['guidance'-inf]", f"{LINK}[guidance-inf]")),
    (104, "height 0, -8, 7, 12, 33, 40.5, text, 100,000", "refused",
     tuple(f"{BAD}['height'-{bad!r}]" for bad in (0, -8, 7, 12, 33, 40.5, "32", 100_000))),
    (105, "many pictures of a request", "there is no such field: refused",
     (f'{REQUEST}test_bad_json_is_refused_with_a_sentence[{{"clip_skips": 1}}]',
      "unit/engine/test_grid_work.py::test_bad_grids_are_refused[too many cells]")),
    (106, "skipping 99 layers", "refused; 1 is read as it should be",
     (f"{BAD}['clip_skip'-99]", f"{LOADING}test_clip_skip_keeps_the_final_layer_norm")),
    (107, "eta NaN", "refused", (f"{BAD}['params'-(('eta', nan),)]",)),
    (108, "a negative prompt that is no text, or without end", "refused",
     (f"{BAD}['negative'-['a']]", f"{BAD}['negative'-None]")),
    (109, "a scheduler that cannot begin at a picture", "every one that is offered can",
     tuple(f"unit/engine/test_futures.py::test_from_a_picture_is_the_librarys_img2img"
           f"[worker-{name}-0.5]"
           for name in ("ddim", "pndm", "lms", "heun", "dpmpp-sde", "sa-solver"))),
    (110, "the same asked twice", "computed once",
     (f"{WORKER}test_a_run_given_up_and_wished_again_before_the_tick_goes_on",)),
    (111, "30 clicks of one", "nobody else waits longer for it",
     (f"{WORKER}test_thirty_clicks_of_one_do_not_hold_up_the_others",)),
    (112, "30 who ask the same", "computed once",
     (f"{WORKER}test_thirty_equal_requests_are_one_computation",)),
    (113, "leaving at every step", "the work ends at the next",
     tuple(f"{CANCEL}[worker-{step}]" for step in range(6))),
    (114, "Back and Forward, a lid closed for minutes", "the address brings it back",
     ("browser/test_generation.py::test_settings_survive_a_reload_and_the_way_back",
      "pages/test_generation.py::test_link_sets_every_control",
      "unit/ui/test_sessions.py::test_server_lets_departed_visitors_go_without_new_ones")),
    (115, "an error in the midst", "ends that run alone",
     (f"{WORKER}test_one_that_fails_fails_alone",
      "unit/engine/test_works.py::test_trouble_at_any_yield_leaves_the_others_as_they_were")),
    (116, "no memory: U-Net, autoencoder, loading", "halved, then told; the next is right",
     (f"{WORKER}test_what_has_no_memory_even_alone_fails_alone_with_what_to_change",
      f"{WORKER}test_the_decoder_tries_full_width_again_when_others_are_gone",
      f"{CHECKPOINT}test_lack_of_memory_while_loading_is_told_as_that[error0-True]")),
    (117, "weights of NaN", "told, never kept",
     (f"{CHECKPOINT}test_weights_that_are_not_finite_are_named",
      f"{WORKER}test_damaged_weights_end_with_a_sentence_and_are_never_kept[worker-unet]")),
    # ---- models, addresses, the disk, the machine
    (118, "ids that are paths, URLs, options, NUL, 300 letters", "refused before any library",
     (*(f"{ID}[{bad}]" for bad in ("../../../etc/passwd", "/etc", "a/b/c", "file:///etc/passwd",
      "owner/name\\x00", "-rf/x", "model_id14")), f"{LINK}[model-../../etc/passwd]")),
    (119, "weights, configs, tokenizers that are damaged, missing, unreadable, huge",
     "named with what to do",
     (*(f"{WEIGHTS}[none-{kind}]" for kind in ("truncated", "LFS pointer", "empty", "missing",
      "huge header")), f"{LOADING}test_flipped_bit_is_found_by_the_manifest",
      f"{LOADING}test_broken_config_is_named[{{]", f"{UNREAD}[none-unet/config.json]",
      f"{TOKENS}test_damaged_tokenizer_is_named[empty]",
      f"{SINGLE}test_a_spoilt_checkpoint_gets_one_sentence_at_once[cut]",
      f"{SINGLE}test_another_kind_of_file_is_named[Flux]",
      f"{CATALOG}test_a_folder_that_is_not_ours_to_read_holds_no_model",
      f"{CATALOG}test_a_revision_that_is_none_is_no_model[\\xff\\xfe]",
      f"{CHECKPOINT}test_a_wrong_setting_is_named_with_its_file[unet-block_out_channels-value3-each"
      " a whole number from 1 to 8,192]")),
    (120, "no network, no answer, half a download, a full disk", "told with what to do",
     (*(f"{NETWORK}test_a_network_that_fails_is_told_with_what_to_do[{kind}]"
        for kind in ("ConnectError", "ReadTimeout")),
      f"{NETWORK}test_half_a_download_is_no_model",
      f"{NETWORK}test_a_disk_that_is_full_while_downloading_is_told")),
    (121, "addresses that no page wrote", "what can be used is used, the rest is told",
     (*(f"{ADDRESS}[{kind}]" for kind in ("twice", "100 kilobytes", "no characters", "no numbers",
      "markup", "broken")), f"{FRAME}[unknown page]", f"{FRAME}[unknown fragment]",
      f"{LINK}[steps-1e309]", f"{LINK}[seed-nan]",
      "pages/test_door.py::test_a_page_opens_whatever_its_link_says[shapes-pages/6_generation.py]")),
    (122, "an entry of the cache that was changed", "a miss, computed again",
     tuple(f"{DAMAGED}[{kind}]" for kind in ("truncated", "zeroed", "flipped", "appended", "folder",
      "link", "other version"))),
    (123, "a disk that is full, read-only, not there, taken away, of many files",
     "costs the entry only",
     (f"{STORE}test_a_disk_that_fails_costs_the_entry_only",
      f"{STORE}test_a_read_only_folder_still_answers",
      f"{STORE}test_a_folder_that_cannot_be_made_costs_the_entry_only",
      f"{STORE}test_a_folder_removed_meanwhile_is_made_again",
      f"{STORE}test_thousands_of_entries_keep_to_the_limit_and_are_seldom_counted")),
    (124, "killed while writing, six writers, two servers", "whole or not at all",
     (f"{STORE}test_a_writer_killed_at_any_moment_leaves_no_wrong_entry",
      f"{STORE}test_six_writers_of_one_key_leave_one_whole_entry",
      f"{STORE}test_two_stores_on_one_folder_hold_the_limit_together")),
    (125, "a clock of 1970 and of 2096", "the limit holds",
     (f"{STORE}test_the_limit_holds_with_entries_dated_1970_and_2096[0.0]",
      f"{STORE}test_the_limit_holds_with_entries_dated_1970_and_2096[3976214400.0]")),
    (126, "ended, killed, a dead or hanging worker", "it goes on, or says so",
     ("unit/engine/test_leaving.py::test_process_ends_orderly_in_the_middle_of_a_run",
      f"{PLACE}test_a_server_that_was_killed_in_a_run_finds_what_was_finished",
      f"{WORKER}test_a_dead_worker_is_replaced_by_the_next_wish",
      "unit/engine/test_line.py::test_whoever_waits_for_a_worker_that_hangs_is_told_and_it_may_"
      "come_back")),
    (127, "a port that is taken, IPv6 alone, no home, no TMPDIR, odd and long paths",
     "it runs, or says why not",
     (f"{SOCKET}test_a_port_that_is_taken_is_said_in_a_line",
      f"{PLACE}test_the_app_runs_in_an_odd_place",
      f"{CATALOG}test_a_person_without_a_home_has_the_built_in_model",
      f"{CATALOG}test_places_that_cannot_be_looked_at_hold_no_model[README.md]",
      f"{PLACE}test_paths_are_short_enough_for_windows")),
    (128, "frames that no browser sends, floods, 500 connections", "cost their sender alone",
     (*(f"{FRAME}[{kind}]" for kind in ("text", "garbage", "33 megabytes", "empty",
      "stop_script flood", "clear_cache flood", "what only developers send")),
      f"{SOCKET}test_a_field_of_another_kind_is_told_without_its_traceback[a number for words]",
      f"{SOCKET}test_hundreds_who_only_connect_keep_nobody_out")),
    # ---- LoRAs
    (129, "a LoRA of another family, shape or kind", "named with the layer that does not fit",
     (*(f"{LORA}[{kind}]" for kind in ("XL", "XL by its names", "1.x", "2.x", "no such layer",
      "ranks apart", "one matrix", "twice", "LoHa", "LoKr", "DoRA", "other weights")),
      f"{LORAS}test_one_that_does_not_fit_ends_its_own_run_alone[worker]")),
    (130, "a LoRA that is pickled, renamed, cut, empty, not finite, or a checkpoint",
     "refused in a sentence, before its numbers are read",
     (*(f"{LORA}[{kind}]" for kind in ("pickled", "renamed", "cut", "empty", "NaN", "infinity",
      "checkpoint")),
      f"{LORA_FILES}test_numbers_are_read_only_where_all_of_the_header_fits")),
    (131, "a LoRA that is not here, twice, too many, or another file by now", "said in a sentence",
     (f"{BAD}['loras'-(('not here', 1.0),)]",
      f"{LORA_FILES}test_a_run_names_its_loras_in_order_and_by_checksum",
      f"{LORA_FILES}test_a_file_that_changes_between_two_machines_is_told")),

    # ---- words that were learned
    (132, "a word's file that is pickled, cut, not finite, of another model, or no word",
     "said in a sentence",
     ("unit/models/test_embedding_files.py::test_bad_file_is_refused_in_one_sentence",
      "unit/labs/test_word.py::test_vectors_of_another_width_are_refused",
      "unit/labs/test_word.py::test_token_that_is_known_cannot_be_taught",
      "pages/test_training.py::test_word_of_a_file_is_drawn_and_a_bad_file_is_told")),
)  # fmt: skip

FAULTS: tuple[Row, ...] = (
    (1, "out of memory in the U-Net", "halved until it fits, or told",
     (f"{WORKER}test_out_of_memory_halves_the_batch_and_everybody_gets_a_picture[worker-1]",
      f"{WORKER}test_what_has_no_memory_even_alone_fails_alone_with_what_to_change")),
    (2, "out of memory in the autoencoder", "halved until it fits",
     (f"{WORKER}test_the_decoder_tries_full_width_again_when_others_are_gone",)),
    (3, "out of memory while loading", "told as that",
     (f"{CHECKPOINT}test_lack_of_memory_while_loading_is_told_as_that[error1-True]",
      f"{LOADING}test_model_too_large_for_the_machine_is_refused")),
    (4, "weights of NaN", "told, never kept",
     (f"{WORKER}test_damaged_weights_end_with_a_sentence_and_are_never_kept[worker-vae]",)),
    (5, "corrupt weights", "named", (f"{WEIGHTS}[none-truncated]", f"{WEIGHTS}[none-huge header]")),
    (6, "missing weights", "named", (f"{WEIGHTS}[manifest-missing]", f"{WEIGHTS}[none-missing]")),
    (7, "a Git LFS pointer for weights", "named", (f"{WEIGHTS}[none-LFS pointer]",)),
    (8, "a flipped bit", "found by its checksum",
     (f"{LOADING}test_flipped_bit_is_found_by_the_manifest",
      f"{LOADING}test_hub_file_that_is_not_its_checksum_is_damaged")),
    (9, "a broken config", "named, or it draws",
     (f"{LOADING}test_broken_config_is_named[]",
      f"{CHECKPOINT}test_whatever_a_config_says_it_draws_or_is_told_in_a_sentence")),
    (10, "no network", "told", (f"{NETWORK}test_a_network_that_fails_is_told_with_what_to_do"
      "[ConnectError]", "unit/models/test_catalog.py::test_libraries_are_offline_as_soon_as_the_"
      "package_is_imported")),
    (11, "half a download", "is no model", (f"{NETWORK}test_half_a_download_is_no_model",)),
    (12, "a full disk", "costs the entry only",
     (f"{STORE}test_a_disk_that_fails_costs_the_entry_only",
      f"{WORKER}test_a_disk_that_cannot_be_written_costs_no_picture")),
    (13, "a read-only cache", "still answers", (f"{STORE}test_a_read_only_folder_still_answers",)),
    (14, "a cache corrupted six ways", "computed again",
     (*(f"{DAMAGED}[{kind}]" for kind in ("truncated", "zeroed", "flipped", "appended", "folder",
      "link")), f"{WORKER}test_a_damaged_entry_is_computed_again")),
    (15, "kill -9 while writing", "whole or not at all",
     (f"{STORE}test_a_writer_killed_at_any_moment_leaves_no_wrong_entry",)),
    (16, "six writers of one key", "one whole entry",
     (f"{STORE}test_six_writers_of_one_key_leave_one_whole_entry",)),
    (17, "a clock that jumps back and forward", "what was left is swept, the limit holds",
     (f"{STORE}test_what_a_killed_writer_left_is_swept_whatever_the_clock_did",
      f"{STORE}test_the_limit_holds_with_entries_dated_1970_and_2096[0.0]")),
    (18, "a worker that is dead", "the next wish replaces it",
     (f"{WORKER}test_a_dead_worker_is_replaced_by_the_next_wish",
      f"{WORKER}test_a_stumbling_worker_ends_its_tickets_and_goes_on")),
    (19, "a worker that hangs", "who waits is told; it may come back",
     ("unit/engine/test_line.py::test_whoever_waits_for_a_worker_that_hangs_is_told_and_it_may_"
      "come_back", "unit/engine/test_line.py::test_loading_a_model_may_take_longer")),
    (20, "the server killed in a run", "what was finished is found, the rest is drawn",
     (f"{PLACE}test_a_server_that_was_killed_in_a_run_finds_what_was_finished",)),
    (21, "a flood of clear_cache", "the engine and everybody's runs stay",
     (f"{FRAME}[clear_cache flood]",)),
    (22, "leaving at every step", "the work ends, nobody else's does",
     (*(f"{CANCEL}[worker-{step}]" for step in range(6)),
      *(f"{LEAVES}[{messages}]" for messages in (1, 5, 20, 40)))),
    (23, "a slow client with 500 messages", "holds nobody up",
     (f"{SOCKET}test_one_who_asks_hundreds_of_times_and_reads_nothing_holds_nobody_up",)),
    (24, "a flood of uploads", "bounded in size, of each and of all together",
     (f"{SOCKET}test_files_without_end_are_kept_within_bounds",
      "unit/ui/test_upload_bounds.py::test_a_session_keeps_its_newest_few",
      "unit/ui/test_upload_bounds.py::test_all_together_are_bounded_and_the_greedy_pay")),
    (25, "a port that is taken", "said in a line",
     (f"{SOCKET}test_a_port_that_is_taken_is_said_in_a_line",)),
)  # fmt: skip

TABLES = {"bad inputs": (BAD_INPUTS, 132), "faults": (FAULTS, 25)}
NAMED = sorted({name for rows, _ in TABLES.values() for row in rows for name in row[3]})


@pytest.mark.parametrize("table", TABLES)
def test_every_number_has_its_row_and_every_row_its_test(table: str) -> None:
    rows, count = TABLES[table]
    assert [number for number, *_ in rows] == list(range(1, count + 1))
    assert all(what and must and tests for _, what, must, tests in rows)


def test_every_test_that_is_named_is_there() -> None:
    files = {name.partition("::")[0] for name in NAMED}
    there = {
        f"{file}::{node.name}"
        for file in files
        for node in ast.parse((ROOT / "tests" / file).read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    missing = sorted({name.partition("[")[0] for name in NAMED} - there)
    assert not missing, "\n".join(missing)


def test_every_parameter_that_is_named_is_there(request: pytest.FixtureRequest) -> None:
    """Asked of pytest itself, which alone knows what it calls one of many."""
    one_of_many = {f"tests/{name}" for name in NAMED if "[" in name}
    one_of_many -= {item.nodeid for item in request.session.items}  # where all tests are run, all
    if not one_of_many:
        return
    files = sorted({name.partition("::")[0] for name in one_of_many})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    listed = subprocess.run(
        [*command, *files, "-o", "addopts=--import-mode=importlib"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    listing = set(listed.stdout.splitlines())
    if not any("::" in line for line in listing):
        pytest.fail(listed.stdout + listed.stderr)
    missing = sorted(one_of_many - listing)
    assert not missing, "\n".join(missing)
