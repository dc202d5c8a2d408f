"""Formats the figures of an evaluation as Markdown tables."""

from collections.abc import Mapping

COLUMNS = {
    "syllable_errors": ("syll. %", ".1f"), "sound_errors": ("no words %", ".1f"),
    "tone_errors": ("tones %", ".1f"), "english_errors": ("Engl. %", ".1f"),
    "style_recognized": ("style %", ".0f"), "mcd_db": ("MCD dB", ".2f"),
    "warped_mcd_db": ("warped MCD", ".2f"), "f0_correlation": ("F0 corr.", ".3f"),
    "f0_median_error_hz": ("F0 Hz", ".1f"), "voicing_errors": ("voicing %", ".1f"),
    "human_frames": ("human %", ".0f"), "hnr_db": ("HNR dB", ".1f"), "deviation": ("dev.", ".2f"),
    "modulation_db": ("mod. dB", ".1f"), "f0_slips": ("F0 slips %", ".2f"),
    "duration_error_ms": ("dur. ms", ".1f"),
    "buzz_db": ("buzz dB", ".2f"), "silence_dbfs": ("silence dBFS", ".0f"), "click": ("click", ".1f"),
    "clipped": ("clipped", ".0f"), "mean_f0_hz": ("mean F0 Hz", ".0f"), "range_semitones": ("range st", ".1f"),
    "syllables_per_s": ("syll./s", ".2f"), "pause_s": ("pauses s", ".2f"), "loudness_db": ("level dB", ".1f"),
}  # fmt: skip


def format_report(summaries: Mapping[str, Mapping[str, float]]) -> str:
    """Returns one table per condition. `summaries` holds figures by condition and style: "copied female-sad"."""
    tables = []
    for condition in dict.fromkeys(name.split()[0] for name in summaries):
        rows = {name.split()[1]: figures for name, figures in summaries.items() if name.startswith(f"{condition} ")}
        columns = [column for column in COLUMNS if any(column in figures for figures in rows.values())]
        lines = ["| " + " | ".join([condition, *(COLUMNS[column][0] for column in columns)]) + " |"]
        lines.append("| --- |" + " ---: |" * len(columns))
        for style, figures in rows.items():
            cells = [format(figures[column], COLUMNS[column][1]) if column in figures else "" for column in columns]
            lines.append("| " + " | ".join([style, *cells]) + " |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables) + "\n"
