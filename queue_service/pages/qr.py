"""QR codes as pictures for pages.

Refuses to remember any: one of them is the key of somebody's second factor.
"""


def qr_svg(text: str) -> bytes:
    """The code as one SVG path with its quiet zone; M corrects 15 %, enough for a thermal printer's white streak. Takes milliseconds."""
    # Whoever draws does so in a thread; a worker that draws none does without the 5 MB of this and, where it is installed, of Pillow.
    import qrcode
    import qrcode.constants
    import qrcode.image.svg

    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, image_factory=qrcode.image.svg.SvgPathFillImage)
    code.add_data(text)
    drawn: bytes = code.make_image().to_string()
    return drawn
