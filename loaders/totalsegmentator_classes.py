"""The classes of the TotalSegmentator CT data set: 104 in v1, 117 in v2. Each mask file is named so."""

from __future__ import annotations

from cosmos_datasets.source import Label

#: Canonical object -> classes (file names without ``.nii.gz``) of both releases.
_CLASSES = {
    "spleen": "spleen",
    "kidney": "kidney_right kidney_left",
    "gallbladder": "gallbladder",
    "liver": "liver",
    "stomach": "stomach",
    "pancreas": "pancreas",
    "adrenal_gland": "adrenal_gland_right adrenal_gland_left",
    "lung": (
        "lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right"
    ),
    "esophagus": "esophagus",
    "trachea": "trachea",
    "thyroid_gland": "thyroid_gland",
    "small_bowel": "small_bowel",
    "duodenum": "duodenum",
    "colon": "colon",
    "urinary_bladder": "urinary_bladder",
    "prostate": "prostate",
    "kidney_cyst": "kidney_cyst_left kidney_cyst_right",
    "sacrum": "sacrum",
    "vertebra": (
        "vertebrae_S1 vertebrae_L5 vertebrae_L4 vertebrae_L3 vertebrae_L2 vertebrae_L1 "
        "vertebrae_T12 vertebrae_T11 vertebrae_T10 vertebrae_T9 vertebrae_T8 vertebrae_T7 "
        "vertebrae_T6 vertebrae_T5 vertebrae_T4 vertebrae_T3 vertebrae_T2 vertebrae_T1 "
        "vertebrae_C7 vertebrae_C6 vertebrae_C5 vertebrae_C4 vertebrae_C3 vertebrae_C2 vertebrae_C1"
    ),
    "heart": "heart",
    "left_ventricular_myocardium": "heart_myocardium",
    "left_atrium": "heart_atrium_left",
    "left_ventricle": "heart_ventricle_left",
    "right_atrium": "heart_atrium_right",
    "right_ventricle": "heart_ventricle_right",
    "atrial_appendage": "atrial_appendage_left",
    "aorta": "aorta",
    "pulmonary_artery": "pulmonary_artery",
    "pulmonary_vein": "pulmonary_vein",
    "brachiocephalic_trunk": "brachiocephalic_trunk",
    "subclavian_artery": "subclavian_artery_right subclavian_artery_left",
    "carotid_artery": "common_carotid_artery_right common_carotid_artery_left",
    "brachiocephalic_vein": "brachiocephalic_vein_left brachiocephalic_vein_right",
    "superior_vena_cava": "superior_vena_cava",
    "inferior_vena_cava": "inferior_vena_cava",
    "portal_vein_and_splenic_vein": "portal_vein_and_splenic_vein",
    "iliac_artery": "iliac_artery_left iliac_artery_right",
    "iliac_vein": "iliac_vena_left iliac_vena_right",
    "humerus": "humerus_left humerus_right",
    "scapula": "scapula_left scapula_right",
    "clavicle": "clavicula_left clavicula_right",
    "femur": "femur_left femur_right",
    "hip": "hip_left hip_right",
    "spinal_cord": "spinal_cord",
    "gluteus_maximus": "gluteus_maximus_left gluteus_maximus_right",
    "gluteus_medius": "gluteus_medius_left gluteus_medius_right",
    "gluteus_minimus": "gluteus_minimus_left gluteus_minimus_right",
    "autochthon": "autochthon_left autochthon_right",
    "iliopsoas": "iliopsoas_left iliopsoas_right",
    "brain": "brain",
    "skull": "skull",
    "face": "face",
    "rib": (
        "rib_left_1 rib_left_2 rib_left_3 rib_left_4 rib_left_5 rib_left_6 "
        "rib_left_7 rib_left_8 rib_left_9 rib_left_10 rib_left_11 rib_left_12 "
        "rib_right_1 rib_right_2 rib_right_3 rib_right_4 rib_right_5 rib_right_6 "
        "rib_right_7 rib_right_8 rib_right_9 rib_right_10 rib_right_11 rib_right_12"
    ),
    "sternum": "sternum",
    "costal_cartilage": "costal_cartilages",
}

#: Classes that only one of the two releases has; they tell the releases apart.
ONLY_IN: dict[str, frozenset[str]] = {
    "v1": frozenset(
        {
            *("heart_myocardium", "heart_atrium_left", "heart_ventricle_left", "heart_atrium_right"),
            *("heart_ventricle_right", "pulmonary_artery", "face"),
        }
    ),
    "v2": frozenset(
        {
            *("thyroid_gland", "prostate", "kidney_cyst_left", "kidney_cyst_right", "vertebrae_S1", "heart"),
            *("pulmonary_vein", "brachiocephalic_trunk", "subclavian_artery_right", "subclavian_artery_left"),
            *("common_carotid_artery_right", "common_carotid_artery_left", "brachiocephalic_vein_left"),
            *("brachiocephalic_vein_right", "atrial_appendage_left", "superior_vena_cava", "spinal_cord"),
            *("skull", "sternum", "costal_cartilages"),
        }
    ),
}


def _release(name: str) -> str:
    return next((release for release, names in ONLY_IN.items() if name in names), "")


#: Every class of either release.
LABELS = tuple(
    Label(name, canonical, release=_release(name)) for canonical, names in _CLASSES.items() for name in names.split()
)
