"""The field's words: modalities and objects, with what else people call them.

The paper counts 18 modalities and 84 objects and publishes neither list. The modality names here are reconstructed and
count to 18; the objects are ours, built from the label tables of the sources: 107 for the 53 sources of the paper, and
17 more from later releases and neighbouring data sets. Sides, levels and lobes are merged (``kidney``, ``rib``);
lesions are named for what they are.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from cosmos_datasets.errors import CosmosError

#: The 18 modalities of the paper.
MODALITIES: tuple[str, ...] = (
    "CT",
    "MRI",
    "T1W MRI",
    "T2W MRI",
    "ADC MRI",
    "Cine-MRI",
    "CMR",
    "diffusion-weighted MRI",
    "post-contrast T1W MRI",
    "T1-GD MRI",
    "T2-FLAIR MRI",
    "Histopathology",
    "Electron Microscopy",
    "Ultrasound",
    "X-ray",
    "Fundus",
    "Dermoscopy",
    "Colonoscopy",
)
#: Modalities of neighbouring data sets, outside of the 18.
EXTRA_MODALITIES: tuple[str, ...] = ("OCT",)

#: Canonical object -> synonyms, for searching.
OBJECTS: dict[str, tuple[str, ...]] = {
    "adrenal_gland": ("suprarenal gland",),
    "aorta": (),
    "atrial_appendage": ("left atrial appendage",),
    "autochthon": ("autochthonous back muscles", "erector spinae", "deep back muscles"),
    "brachiocephalic_trunk": ("innominate artery",),
    "brachiocephalic_vein": ("innominate vein",),
    "brain": (),
    "brain_growth": ("myelination", "early brain development"),
    "brain_tumor": ("glioma", "whole tumor", "BrainTumor"),
    "brain_tumor_edema": ("peritumoral edema", "ED", "oedema", "glioma"),
    "brain_tumor_enhancing": ("enhancing tumor", "ET", "GD-enhancing", "glioma"),
    "brain_tumor_nonenhancing": ("NCR/NET", "necrotic core", "non-enhancing tumor core", "glioma"),
    "brain_ventricle": ("cerebral ventricles", "lateral ventricles"),
    "brainstem": ("brain stem",),
    "carotid_artery": ("common carotid artery", "internal carotid artery"),
    "cell": ("cells", "cell instance"),
    "cerebellum": (),
    "cerebrospinal_fluid": ("CSF", "external CSF", "liquor"),
    "clavicle": ("clavicula", "collarbone"),
    "cochlea": ("inner ear",),
    "colon": ("large bowel", "large intestine"),
    "colon_tumor": ("colon cancer", "colorectal cancer", "colon primary"),
    "corpus_callosum": ("callosum",),
    "costal_cartilage": ("rib cartilage",),
    "cricopharyngeus": ("cricopharyngeal inlet", "upper esophageal sphincter"),
    "drusen": (),
    "duodenum": (),
    "esophagus": ("oesophagus", "gullet"),
    "exudate": ("hard exudate", "soft exudate", "cotton wool spot"),
    "eyeball": ("eye", "globe"),
    "face": (),
    "femur": ("thigh bone", "femoral head"),
    "gallbladder": ("gall bladder",),
    "gland": ("adenocarcinoma", "colorectal gland", "colon gland", "crypt"),
    "gluteus_maximus": ("gluteal muscle",),
    "gluteus_medius": ("gluteal muscle",),
    "gluteus_minimus": ("gluteal muscle",),
    "gray_matter": ("grey matter", "GM", "cortex", "deep gray matter"),
    "heart": (),
    "hepatic_vessel": ("liver vessel",),
    "hip": ("hip bone", "os coxae", "pelvis"),
    "hippocampus": (),
    "humerus": ("upper arm bone",),
    "iliac_artery": ("common iliac artery",),
    "iliac_vein": ("iliac vena", "common iliac vein"),
    "iliopsoas": ("psoas", "hip flexor"),
    "inferior_vena_cava": ("IVC", "postcava"),
    "instrument": ("surgical instrument", "endoscopic tool", "surgical tool", "forceps"),
    "intervertebral_disc": ("IVD", "spinal disc"),
    "intraretinal_fluid": ("IRF", "cystoid fluid", "cyst"),
    "kidney": ("renal",),
    "kidney_cyst": ("renal cyst", "cyst"),
    "kidney_tumor": ("renal tumor", "renal cell carcinoma", "kidney cancer"),
    "knee_cartilage": ("femoral cartilage", "tibial cartilage"),
    "lacrimal_gland": ("tear gland",),
    "larynx": ("glottis", "supraglottic larynx", "arytenoid cartilage", "voice box"),
    "left_atrium": ("LA",),
    "left_ventricle": ("LV", "LeftVentricle", "left ventricular cavity"),
    "left_ventricular_myocardium": ("LVM", "MYO", "LeftVentricularMyocardium", "heart myocardium"),
    "left_ventricular_scar": ("infarct", "myocardial infarction", "late enhancement"),
    "liver": ("hepatic",),
    "liver_tumor": ("liver cancer", "hepatocellular carcinoma", "liver lesion"),
    "lung": ("lungs", "pulmonary", "lung lobe"),
    "lung_tumor": ("lung cancer",),
    "mandible": ("lower jaw", "jaw bone"),
    "microaneurysm": ("MA",),
    "mitochondria": ("mitochondrion",),
    "neural_structure": ("neuronal structure", "neurite", "cell interior"),
    "optic_cup": ("cup",),
    "optic_disc": ("optic nerve head", "OD"),
    "optic_nerve": ("optic chiasm", "optic pathway"),
    "oral_cavity": ("mouth", "lips", "buccal mucosa"),
    "pancreas": (),
    "pancreatic_mass": ("PancreaticMass", "pancreatic tumor", "pancreatic cancer", "pancreatic lesion"),
    "parotid_gland": ("parotid", "salivary gland"),
    "pigment_epithelial_detachment": ("PED",),
    "pituitary_gland": ("hypophysis",),
    "pneumothorax": ("collapsed lung",),
    "polyp": ("colorectal polyp", "colon polyp"),
    "portal_vein_and_splenic_vein": ("portal vein", "splenic vein"),
    "prostate": ("prostate gland", "peripheral zone", "transition zone", "central gland", "PZ", "TZ", "CG"),
    "prostate_or_uterus": ("prostate/uterus",),
    "prostate_tumor": ("prostate cancer", "carcinoma of the prostate"),
    "pulmonary_artery": ("pulmonary trunk",),
    "pulmonary_vein": (),
    "rectum": (),
    "renal_artery": ("kidney artery",),
    "renal_vein": ("kidney vein",),
    "retinal_atrophy": ("patchy atrophy", "peripapillary atrophy"),
    "retinal_detachment": (),
    "retinal_hemorrhage": ("haemorrhage", "hemorrhage", "HE"),
    "retinal_layer_ilm_to_ipl": ("inner retina", "ILM"),
    "retinal_layer_ipl_to_rpe": ("outer retina",),
    "retinal_pigment_epithelium": ("RPE", "RPE to Bruch membrane"),
    "retinal_scar": ("macular scar",),
    "retinal_vessel": ("retinal blood vessel", "vasculature"),
    "rib": ("ribs",),
    "right_atrium": ("RA",),
    "right_ventricle": ("RV", "RightVentricle"),
    "sacrum": ("sacral bone",),
    "scapula": ("shoulder blade",),
    "skin_lesion": ("melanoma", "nevus", "mole"),
    "skull": ("cranium",),
    "small_bowel": ("small intestine", "intestine", "bowel"),
    "spinal_cord": (),
    "spleen": (),
    "sternum": ("breastbone",),
    "stomach": (),
    "subclavian_artery": (),
    "submandibular_gland": ("salivary gland",),
    "subretinal_fluid": ("SRF",),
    "superior_vena_cava": ("SVC",),
    "throat_tumor": ("laryngeal cancer", "hypopharyngeal cancer", "throat cancer"),
    "thyroid_gland": ("thyroid",),
    "thyroid_nodule": (),
    "tibia": ("shin bone",),
    "trachea": ("windpipe", "airway"),
    "under_bruchs_membrane": ("under BM", "choroid"),
    "urinary_bladder": ("bladder",),
    "uterus": ("womb",),
    "vertebra": ("vertebrae", "spine", "spinal bone"),
    "vestibular_schwannoma": ("VS", "acoustic neuroma"),
    "white_matter": ("WM",),
    "white_matter_tract": ("optic radiation", "corticospinal tract", "tractography"),
}
#: Objects that only later releases (TotalSegmentator v2) or neighbouring data sets have.
EXTRA_OBJECTS: frozenset[str] = frozenset(
    {
        "atrial_appendage",
        "brachiocephalic_trunk",
        "brachiocephalic_vein",
        "costal_cartilage",
        "intraretinal_fluid",
        "optic_cup",
        "pigment_epithelial_detachment",
        "pulmonary_vein",
        "retinal_layer_ilm_to_ipl",
        "retinal_layer_ipl_to_rpe",
        "retinal_pigment_epithelium",
        "skull",
        "sternum",
        "subclavian_artery",
        "subretinal_fluid",
        "superior_vena_cava",
        "under_bruchs_membrane",
    }
)


def slug(modality: str) -> str:
    """The form of a modality used in file and configuration names: ``T2W MRI`` becomes ``t2w-mri``."""
    return re.sub(r"[^a-z0-9]+", "-", modality.lower()).strip("-")


def matching_objects(query: str, others: Iterable[str] = ()) -> list[str]:
    """Canonical objects that a person may mean by a word.

    Args:
        query: an object or a synonym, in any case; spaces and underscores are the same.
        others: objects beside the vocabulary's, which a source of another package may have.

    Returns:
        Exact matches of a name if there are any, else of a synonym, sorted; empty if nobody calls an object so.
    """
    wanted, names = _plain(query), sorted({*OBJECTS, *others})
    exact = [name for name in names if _plain(name) == wanted]
    return exact or [name for name in names if wanted in map(_plain, OBJECTS.get(name, ()))]


def objects_called(word: str, others: Iterable[str] = ()) -> list[str]:
    """Canonical objects that a word may mean; raises :class:`CosmosError` with suggestions if there are none."""
    names = sorted({*OBJECTS, *others})
    found = matching_objects(word, names)
    if not found:
        close = difflib.get_close_matches(word, names, n=3)
        hint = f" Did you mean {', '.join(close)}?" if close else ""
        raise CosmosError(f"no object is called {word!r}.{hint}")
    return found


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().lower()
